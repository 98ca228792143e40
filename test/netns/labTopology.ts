/**
 * Links, addresses and routes of a lab, as the simulator's world has them.
 */
import type { Family } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import type { Router, World } from '../../src/sim/world.ts';
import { link, type Namespace, run } from './namespaces.ts';

const FAMILIES = [4, 6] as const;

/** Address `host` of link `index`, as the world's defaults have it (world.ts). */
function linkAddress(index: number, host: number, family: Family): string {
  return family === 4
    ? `10.90.${index}.${host}`
    : `fd90:0:0:${index.toString(16)}::${host.toString(16)}`;
}

const PREFIX_LENGTH = { 4: 24, 6: 64 } as const;
/** Somebody on the last link who is not asked, so that an absent target has a link at all. */
const BYSTANDER = 200;
/** An address of the scanner's link that nobody has. */
const DEAD_GATEWAY = 254;

function textOf(bytes: Uint8Array, family: Family): string {
  return formatIp(bytes, 0, family);
}

/** Joins the nodes of a world, the scanner first and the target last, by veth links with addresses. */
export function joinNodes(world: World, nodes: readonly Namespace[]): void {
  const target = world.targets[0]!;
  for (let index = 0; index + 1 < nodes.length; index++) {
    const isLast = index + 2 === nodes.length;
    const near = index === 0 ? world.scanner.address : world.routers[index - 1]!.far;
    const far = isLast ? null : world.routers[index]!.near;
    const farAddresses = FAMILIES.flatMap((family) => {
      const length = PREFIX_LENGTH[family];
      if (far !== null) return [`${textOf(far[family].bytes, family)}/${length}`];
      const isThere = target.present > 0;
      const { bytes, bits } = target.address[family];
      const isPrefix = bits < (family === 4 ? 32 : 128);
      const own =
        isThere && !isPrefix ? textOf(bytes, family) : linkAddress(index, BYSTANDER, family);
      const second = isThere ? [`${textOf(target.second[family].bytes, family)}/${length}`] : [];
      return [`${own}/${length}`, ...second];
    });
    const nearAddresses = FAMILIES.map(
      (family) => `${textOf(near[family].bytes, family)}/${PREFIX_LENGTH[family]}`,
    );
    link(
      { ns: nodes[index]!, device: 'out', addresses: nearAddresses },
      { ns: nodes[index + 1]!, device: 'in', addresses: farAddresses },
    );
    const { mtu } = world.links[index]!;
    if (mtu !== 1500) {
      run(nodes[index]!, ['ip', 'link', 'set', 'out', 'mtu', String(mtu)]);
      run(nodes[index + 1]!, ['ip', 'link', 'set', 'in', 'mtu', String(mtu)]);
    }
  }
}

/** Sets the routes of all nodes, those that lead nowhere included, and takes down what is down. */
export function setRoutes(world: World, nodes: readonly Namespace[]): void {
  const last = world.routers.length;
  nodes.forEach((ns, index) => {
    const commands = FAMILIES.flatMap((family) => {
      if (index === last + 1) return targetRoutes(world, family);
      const own = index === 0 ? scannerRoute(world, family) : routerRoutes(world, index, family);
      return [...own, ...deadRoute(world, index, family)];
    });
    batch(ns, commands);
    if (index === 0 && world.scanner.route === 'blocked') blockTarget(world, ns);
    if (index <= last && !world.links[index]!.up) run(ns, ['ip', 'link', 'set', 'out', 'down']);
    if (index === 1 && !world.links[0]!.carrier) run(ns, ['ip', 'link', 'set', 'in', 'down']);
  });
}

function blockTarget(world: World, ns: Namespace): void {
  for (const family of FAMILIES) {
    const { bytes, bits } = world.targets[0]!.address[family];
    const words = `xfrm policy add dst ${textOf(bytes, family)}/${bits} dir out action block`;
    run(ns, ['ip', ...words.split(' ')]);
  }
}

function targetRoutes(world: World, family: Family): readonly string[] {
  const last = world.routers.length;
  const back = last > 0 ? [`route add default via ${linkAddress(last, 1, family)}`] : [];
  return [...back, ...localPrefix(world.targets[0]!.address[family], family)];
}

/** The route towards the target where it is not the ordinary one; `throw` makes the look-up find none. */
function deadRoute(world: World, index: number, family: Family): readonly string[] {
  const kind = index === 0 ? world.scanner.route : world.routers[index - 1]!.route;
  const { bytes, bits } = world.targets[0]!.address[family];
  const goal = `${textOf(bytes, family)}/${bits}`;
  if (kind === 'forward' || kind === 'blocked') return [];
  if (kind === 'loop') return [`route add ${goal} via ${linkAddress(index - 1, 1, family)}`];
  return [`route add ${kind === 'none' ? 'throw' : kind} ${goal}`];
}

/** `ip -batch` runs one family at a time; a v6 address in the words tells which. */
function batch(ns: Namespace, commands: readonly string[]): void {
  for (const family of FAMILIES) {
    const own = commands.filter((command) => command.includes(':') === (family === 6));
    if (own.length === 0) continue;
    run(ns, ['ip', `-${family}`, '-batch', '-'], { input: `${own.join('\n')}\n` });
  }
}

function scannerRoute(world: World, family: Family): readonly string[] {
  const { scanner, routers } = world;
  if (routers.length === 0) return [];
  const gateway = scanner.gatewayAnswers
    ? textOf(routers[0]!.near[family].bytes, family)
    : linkAddress(0, DEAD_GATEWAY, family);
  return [`route add default via ${gateway}`];
}

function routerRoutes(world: World, index: number, family: Family): readonly string[] {
  const length = PREFIX_LENGTH[family];
  const commands: string[] = [];
  const last = world.routers.length;
  for (let net = 0; net <= last; net++) {
    if (net === index || net === index - 1) continue;
    const next =
      net < index ? linkAddress(index - 1, 1, family) : nearOf(world.routers[index]!, family);
    commands.push(`route add ${linkAddress(net, 0, family)}/${length} via ${next}`);
  }
  const { bytes, bits } = world.targets[0]!.address[family];
  if (bits < (family === 4 ? 32 : 128)) {
    const next =
      index === last ? linkAddress(last, BYSTANDER, family) : nearOf(world.routers[index]!, family);
    commands.push(`route add ${textOf(bytes, family)}/${bits} via ${next}`);
  }
  return commands;
}

function nearOf(router: Router, family: Family): string {
  return textOf(router.near[family].bytes, family);
}

/** A whole prefix of addresses that all belong to the target. */
function localPrefix(
  prefix: { bytes: Uint8Array; bits: number },
  family: Family,
): readonly string[] {
  if (prefix.bits === (family === 4 ? 32 : 128)) return [];
  return [`route add local ${textOf(prefix.bytes, family)}/${prefix.bits} dev lo`];
}
