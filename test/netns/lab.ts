/**
 * A world of the simulator as kernel namespaces: the same scenario file, with the kernel as referee.
 *
 * What the kernel here cannot do is refused with an error: several targets, TTLs of ICMP that differ from those of TCP,
 * windows that never open.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Family, Ip } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import type { World, WorldNode } from '../../src/sim/world.ts';
import { startServices } from './labServers.ts';
import { type Hops, joinHops, setRoutes } from './labTopology.ts';
import { createNamespace, type Namespace, run, setSysctl } from './namespaces.ts';
import { toIp6Proxies, toNftLoss, toNftRuleset } from './nftRules.ts';
import { limitNamespace } from './ownLimits.ts';

/** A built lab. */
export interface Lab {
  /** Namespace to run the tool in. */
  readonly scanner: Namespace;
  readonly routers: readonly Namespace[];
  readonly target: Namespace;
  targetIp(family: Family): Ip;
  scannerIp(family: Family): Ip;
  /** Ends the servers and removes the namespaces; safe to call again. */
  close(): void;
}

/** Builds the namespaces of a world with both families, and waits until its services are there. */
export async function buildLab(world: World): Promise<Lab> {
  refuseImpossible(world);
  const target = world.targets[0]!;
  const built: Namespace[] = [];
  const children: ChildProcess[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'pp-lab-'));
  let isClosed = false;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    for (const child of children) child.kill('SIGKILL');
    for (const { name } of built) spawnSync('ip', ['netns', 'delete', name]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const add = (label: string): Namespace => {
      const ns = createNamespace(label);
      built.push(ns);
      return ns;
    };
    const hops: Hops = [
      [{ ns: add('scanner'), node: world.scanner }],
      ...world.routers.map((router, index) =>
        [router, ...router.beside].map((node, number) => {
          const label = `r${index + 1}${number === 0 ? '' : `-${number}`}`;
          return { ns: add(label), node };
        }),
      ),
      [{ ns: add('target'), node: target }],
    ];
    joinHops(world, hops);
    setRoutes(world, hops);
    const nodes = hops.flat();
    for (const { node, ns } of nodes) setNode(node, ns);
    world.links.forEach(({ loss }, index) => {
      if (loss === 0) return;
      for (const { ns } of hops[index + 1]!)
        run(ns, ['nft', '-f', '-'], { input: toNftLoss(loss) });
    });
    const place = { folder, children };
    await Promise.all(nodes.map(({ node, ns }) => startServices(node, ns, world, place)));
    const { pingSockets, limits } = world.scanner;
    if (pingSockets) setSysctl(nodes[0]!.ns, 'net.ipv4.ping_group_range', '0 2147483647');
    limitNamespace(limits, nodes[0]!.ns);
    return {
      scanner: nodes[0]!.ns,
      routers: nodes.slice(1, -1).map(({ ns }) => ns),
      target: nodes.at(-1)!.ns,
      targetIp: (family) => formatIp(target.address[family].bytes, 0, family),
      scannerIp: (family) => formatIp(world.scanner.address[family].bytes, 0, family),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function refuseImpossible(world: World): void {
  const refuse = (what: string): never => {
    throw new Error(`cannot be built as namespaces: ${what}`);
  };
  if (world.targets.length !== 1) refuse('several targets');
  for (const node of [world.scanner, ...world.routers, ...world.targets]) {
    if (node.icmpTtl !== node.ttl) refuse('a TTL of ICMP of its own');
    if (node.tcp.some((service) => service.kind === 'zero-window')) refuse('zero-window');
  }
  for (const { errors } of world.routers.flatMap((router) => [router, ...router.beside])) {
    if (errors.quoteBytes !== null) refuse('short quotes');
    if (errors.extensions !== null) refuse('extensions of ICMP errors');
  }
  const { present } = world.targets[0]!;
  if (present > 0 && present < 1) refuse('a target that is there in part');
}

function setNode(node: WorldNode, ns: Namespace): void {
  setSysctl(ns, 'net.ipv4.ip_forward', ns.label.startsWith('r') ? 1 : 0);
  setSysctl(ns, 'net.ipv6.conf.all.forwarding', ns.label.startsWith('r') ? 1 : 0);
  if (node.ttl !== 64) {
    setSysctl(ns, 'net.ipv4.ip_default_ttl', node.ttl);
    // The value of `all` does not reach devices that are there already.
    for (const device of ['in', 'out']) {
      run(ns, ['sysctl', '-qew', `net.ipv6.conf.${device}.hop_limit=${node.ttl}`]);
    }
  }
  if (!node.echo) {
    setSysctl(ns, 'net.ipv4.icmp_echo_ignore_all', 1);
    setSysctl(ns, 'net.ipv6.icmp.echo_ignore_all', 1);
  }
  const { 4: limit4, 6: limit6 } = node.limiter;
  if (limit4.ratelimitMs === 0) setSysctl(ns, 'net.ipv4.icmp_ratemask', 0);
  else if (limit4.ratelimitMs !== 1000)
    setSysctl(ns, 'net.ipv4.icmp_ratelimit', limit4.ratelimitMs);
  if (limit6.ratelimitMs !== 100) setSysctl(ns, 'net.ipv6.icmp.ratelimit', limit6.ratelimitMs);
  if (limit6.ratelimitMs === 0) setSysctl(ns, 'net.ipv6.icmp.ratemask', '0');
  const silent = node.tcp.filter((service) => service.kind === 'silent');
  const dropped = silent.map(({ ports }) => ({
    hook: 'input' as const,
    family: null,
    protocol: 'tcp' as const,
    dport: ports,
    sport: null,
    daddr: null,
    icmp: null,
    verdict: 'drop' as const,
    with: { 4: null, 6: null },
  }));
  const ruleset = toNftRuleset([...node.rules, ...dropped]);
  if (ruleset !== null) run(ns, ['nft', '-f', '-'], { input: ruleset });
  if (node.rules.some((rule) => rule.verdict === 'synproxy')) {
    setSysctl(ns, 'net.netfilter.nf_conntrack_tcp_loose', 0);
    for (const rule of toIp6Proxies(node.rules)) run(ns, ['ip6tables', ...rule]);
  }
}
