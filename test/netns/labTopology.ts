/**
 * Links, addresses and routes of a lab, as the simulator's world has them.
 */
import type { Family } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import type { Rule } from '../../src/sim/rules.ts';
import type { Route, Router, World, WorldNode } from '../../src/sim/world.ts';
import { addAddresses, type LinkEnd, link, type Namespace, run, setSysctl } from './namespaces.ts';
import { ROUTE_MARKS } from './nftRules.ts';

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

/** A node of a lab and the namespace that plays it. */
export interface LabNode {
  readonly ns: Namespace;
  readonly node: WorldNode;
}

/** The nodes of a lab along the line; a hop with routers beside it has several. */
export type Hops = readonly (readonly LabNode[])[];

/** Joins the hops of a world, the scanner first and the target last, by veth links with addresses. */
export function joinHops(world: World, hops: Hops): void {
  for (let index = 0; index + 1 < hops.length; index++) {
    const near = hops[index]!.map(({ ns }, number) => ({
      ns,
      device: 'out',
      addresses: nearAddresses(world, index, number),
    }));
    const far = hops[index + 1]!.map(({ ns }, number) => ({
      ns,
      device: 'in',
      addresses: farAddresses(world, index, number),
    }));
    if (near.length === 1 && far.length === 1) link(near[0]!, far[0]!);
    else if (near.length === 1) bridge(near[0]!, far);
    else if (far.length === 1) bridge(far[0]!, near);
    else throw new Error('cannot be built as namespaces: routers beside two hops in a row');
    const { mtu } = world.links[index]!;
    if (mtu === 1500) continue;
    for (const { ns, device } of [...near, ...far]) {
      run(ns, ['ip', 'link', 'set', device, 'mtu', String(mtu)]);
    }
  }
}

/** The router `number` of hop `index`, 1 the first one. */
function routerAt(world: World, index: number, number: number): Router {
  const first = world.routers[index - 1]!;
  return number === 0 ? first : first.beside[number - 1]!;
}

function nearAddresses(world: World, index: number, number: number): readonly string[] {
  const near = index === 0 ? world.scanner.address : routerAt(world, index, number).far;
  return FAMILIES.map((family) => `${textOf(near[family].bytes, family)}/${PREFIX_LENGTH[family]}`);
}

function farAddresses(world: World, index: number, number: number): readonly string[] {
  const target = world.targets[0]!;
  const isLast = index === world.routers.length;
  return FAMILIES.flatMap((family) => {
    const length = PREFIX_LENGTH[family];
    if (!isLast) {
      const { near } = routerAt(world, index + 1, number);
      return [`${textOf(near[family].bytes, family)}/${length}`];
    }
    const isThere = target.present > 0;
    const { bytes, bits } = target.address[family];
    const isPrefix = bits < (family === 4 ? 32 : 128);
    const own =
      isThere && !isPrefix ? textOf(bytes, family) : linkAddress(index, BYSTANDER, family);
    const second = isThere ? [`${textOf(target.second[family].bytes, family)}/${length}`] : [];
    return [`${own}/${length}`, ...second];
  });
}

/** One node on a link with several others: its device is a bridge with a port for each of them. */
function bridge(one: LinkEnd, others: readonly LinkEnd[]): void {
  run(one.ns, ['ip', 'link', 'add', one.device, 'type', 'bridge']);
  others.forEach((other, number) => {
    const port = `${one.device}${number}`;
    link({ ns: one.ns, device: port, addresses: [] }, other);
    run(one.ns, ['ip', 'link', 'set', port, 'master', one.device]);
  });
  addAddresses(one);
}

/** Sets the routes of all nodes, those that lead nowhere included, and takes down what is down. */
export function setRoutes(world: World, hops: Hops): void {
  const last = world.routers.length;
  hops.forEach((nodes, index) => {
    for (const [number, { ns, node }] of nodes.entries()) {
      const commands = FAMILIES.flatMap((family) => {
        if (index === last + 1) return targetRoutes(world, family);
        const own = index === 0 ? scannerRoute(world, family) : routerRoutes(world, index, family);
        const { route } = index === 0 ? world.scanner : routerAt(world, index, number);
        return [...own, ...deadRoute(world, index, route, family)];
      });
      batch(ns, commands);
      setChosenRoutes(node.rules, ns);
      if (index <= last && !world.links[index]!.up) run(ns, ['ip', 'link', 'set', 'out', 'down']);
    }
    if ((hops[index + 1]?.length ?? 1) > 1) shareOutFlows(nodes);
    if (index === 0 && world.scanner.route === 'blocked') blockTarget(world, nodes[0]!.ns);
    if (index === 1 && !world.links[0]!.carrier) {
      run(nodes[0]!.ns, ['ip', 'link', 'set', 'in', 'down']);
    }
  });
}

/** By addresses, protocol and ports, as the simulator does it. */
function shareOutFlows(nodes: readonly LabNode[]): void {
  for (const { ns } of nodes) {
    setSysctl(ns, 'net.ipv4.fib_multipath_hash_policy', 1);
    setSysctl(ns, 'net.ipv6.fib_multipath_hash_policy', 1);
  }
}

/** The routes that rules choose by a mark (nftRules.ts). */
function setChosenRoutes(rules: readonly Rule[], ns: Namespace): void {
  const chosen = new Set(rules.flatMap(({ route }) => (route === undefined ? [] : [route])));
  for (const route of chosen) {
    const mark = String(ROUTE_MARKS[route]);
    for (const family of ['-4', '-6']) {
      run(ns, ['ip', family, 'rule', 'add', 'fwmark', mark, 'lookup', mark]);
      run(ns, ['ip', family, 'route', 'add', route, 'default', 'table', mark]);
    }
  }
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
function deadRoute(world: World, index: number, kind: Route, family: Family): readonly string[] {
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
    ? onward(world, 0, family)
    : `via ${linkAddress(0, DEAD_GATEWAY, family)}`;
  return [`route add default ${gateway}`];
}

function routerRoutes(world: World, index: number, family: Family): readonly string[] {
  const length = PREFIX_LENGTH[family];
  const commands: string[] = [];
  const last = world.routers.length;
  for (let net = 0; net <= last; net++) {
    if (net === index || net === index - 1) continue;
    const next =
      net < index ? `via ${linkAddress(index - 1, 1, family)}` : onward(world, index, family);
    commands.push(`route add ${linkAddress(net, 0, family)}/${length} ${next}`);
  }
  const { bytes, bits } = world.targets[0]!.address[family];
  if (bits < (family === 4 ? 32 : 128)) {
    const next =
      index === last ? `via ${linkAddress(last, BYSTANDER, family)}` : onward(world, index, family);
    commands.push(`route add ${textOf(bytes, family)}/${bits} ${next}`);
  }
  return commands;
}

/** The way from hop `index` to the next one: one gateway, or all of them. */
function onward(world: World, index: number, family: Family): string {
  const next = world.routers[index]!;
  const gateways = [next, ...next.beside].map(({ near }) => textOf(near[family].bytes, family));
  return gateways.length === 1
    ? `via ${gateways[0]}`
    : gateways.map((gateway) => `nexthop via ${gateway}`).join(' ');
}

/** A whole prefix of addresses that all belong to the target. */
function localPrefix(
  prefix: { bytes: Uint8Array; bits: number },
  family: Family,
): readonly string[] {
  if (prefix.bits === (family === 4 ? 32 : 128)) return [];
  return [`route add local ${textOf(prefix.bytes, family)}/${prefix.bits} dev lo`];
}
