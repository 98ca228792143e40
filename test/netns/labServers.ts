/**
 * The servers of a lab: dnsmasq for DNS, chrony for NTP, a small responder for all else.
 */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatIp } from '../../src/packet/address.ts';
import { otherPort } from '../../src/sim/services.ts';
import type { World, WorldNode } from '../../src/sim/world.ts';
import { type Namespace, run, spawnIn } from './namespaces.ts';

/**
 * Servers bind within some ten milliseconds; one that has not after so many looks never will. They are counted, as time
 * passes without one while other labs are built.
 */
const MAX_POLLS = 500;
const POLL_MS = 10;

/** Where servers put their files, and what was started. */
export interface ServerPlace {
  readonly folder: string;
  readonly children: ChildProcess[];
}

/** Starts what listens on a node, and waits until it does. */
export async function startServices(
  node: WorldNode,
  ns: Namespace,
  world: World,
  { folder, children }: ServerPlace,
): Promise<void> {
  const waits: Promise<void>[] = [];
  const plain: object[] = [];
  for (const { ports, kind } of node.tcp) {
    if (kind !== 'accept') continue;
    for (let port = ports[0]; port <= ports[1]; port++) plain.push({ protocol: 'tcp', port });
  }
  for (const { ports, kind, from } of node.udp) {
    for (let port = ports[0]; port <= ports[1]; port++) {
      if (kind === 'dns' && from === 'same') waits.push(startDns(ns, port, folder, children));
      else if (kind === 'ntp' && from === 'same') waits.push(startNtp(ns, port, folder, children));
      else plain.push({ protocol: 'udp', port, kind, ...answerPlace(world, port, from) });
    }
  }
  if (plain.length > 0) waits.push(startResponder(ns, plain, children));
  await Promise.all(waits);
}

/** Where answers come from: without a bound address the kernel would choose one of the target's two. */
function answerPlace(world: World, port: number, from: string): object {
  if (from === 'same') return {};
  const { address, second } = world.targets[0]!;
  const asked = { udp4: formatIp(address[4].bytes, 0, 4), udp6: formatIp(address[6].bytes, 0, 6) };
  const other = { udp4: formatIp(second[4].bytes, 0, 4), udp6: formatIp(second[6].bytes, 0, 6) };
  return from === 'other-port'
    ? { at: asked, from: asked, fromPort: otherPort(port) }
    : { at: asked, from: other, fromPort: port };
}

async function startResponder(
  ns: Namespace,
  services: readonly object[],
  children: ChildProcess[],
): Promise<void> {
  const script = fileURLToPath(new URL('./responder.js', import.meta.url));
  const child = spawnIn(ns, [process.execPath, script, JSON.stringify(services)]);
  children.push(child);
  await new Promise<void>((done, fail) => {
    child.once('exit', (code) => fail(new Error(`responder ended with ${code}`)));
    child.stdout?.on('data', (text: Buffer) => {
      if (text.includes('READY')) done();
    });
  });
}

async function startDns(
  ns: Namespace,
  port: number,
  folder: string,
  children: ChildProcess[],
): Promise<void> {
  const argv = ['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv'];
  argv.push(
    '--no-hosts',
    '--user=root',
    `--port=${port}`,
    `--pid-file=${join(folder, `dns${port}`)}`,
  );
  children.push(spawnIn(ns, argv, { stdio: 'ignore' }));
  await untilBound(ns, port);
}

async function startNtp(
  ns: Namespace,
  port: number,
  folder: string,
  children: ChildProcess[],
): Promise<void> {
  const config = join(folder, `ntp${port}.conf`);
  const lines = ['local stratum 10', 'allow all', 'cmdport 0', `port ${port}`];
  lines.push(`pidfile ${config}.pid`, 'bindcmdaddress /', `driftfile ${config}.drift`);
  writeFileSync(config, `${lines.join('\n')}\n`);
  // -x: the machine's clock stays as it is.
  children.push(
    spawnIn(ns, ['chronyd', '-d', '-x', '-u', 'root', '-f', config], { stdio: 'ignore' }),
  );
  await untilBound(ns, port);
}

/** A UDP server is ready when both families are bound. */
async function untilBound(ns: Namespace, port: number): Promise<void> {
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    const sockets = run(ns, ['ss', '-Hlun', 'sport', '=', `:${port}`]);
    const isBound4 = /(0\.0\.0\.0|\*|\d+\.\d+\.\d+\.\d+):/.test(sockets);
    if (isBound4 && /\[|\*:/.test(sockets)) return;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  throw new Error(`nothing listens on ${port}/udp in ${ns.name}`);
}
