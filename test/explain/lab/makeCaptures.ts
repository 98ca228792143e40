/**
 * Makes the captures of all scenes in network namespaces, with tcpdump at the client, at the first router and at the
 * target, and writes them to the folder that is given: `node scripts/makeCaptures.mjs test/explain/captures [NAMES]`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Family } from '../../../src/model.ts';
import { buildLab, type Lab } from '../../netns/lab.ts';
import { type Namespace, spawnIn } from '../../netns/namespaces.ts';
import { type Ask, loadScenes, type Scene } from './scenes.ts';

/** Neighbour discovery and multicast listeners are left out: they say nothing about ports. */
const WITHOUT_NOISE =
  'not arp and not (icmp6 and ip6[6] == 58 and ip6[40] >= 130) and not (ip6[6] == 0)';
/** With the largest snap length the buffer has room for eight packets, and tcpdump loses the ninth of a burst. */
const ROOM = ['-s', '2000', '-B', '4096'] as const;
const here = join(process.cwd(), 'test/explain/lab');
/** Built before: `node scripts/build.mjs`. */
const COMMAND = join(process.cwd(), 'dist/cli.cjs');

function asksFor(scene: Scene, lab: Lab, family: Family): string {
  return JSON.stringify(scene.asks.map((ask: Ask) => ({ to: lab.targetIp(family), ...ask })));
}

async function startTcpdump(
  ns: Namespace,
  device: string,
  file: string,
): Promise<() => Promise<void>> {
  const argv = [
    'tcpdump',
    '-i',
    device,
    '-U',
    '--immediate-mode',
    ...ROOM,
    '-w',
    file,
    WITHOUT_NOISE,
  ];
  const child = spawnIn(ns, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((done, fail) => {
    child.once('exit', (code) => fail(new Error(`tcpdump ended with ${code}`)));
    child.stderr!.on('data', (text: Buffer) => {
      if (text.includes('listening')) done();
    });
  });
  return () =>
    new Promise((done) => {
      child.removeAllListeners('exit');
      child.once('exit', () => done());
      spawnSync('ip', ['netns', 'exec', ns.name, 'kill', '-INT', String(child.pid)]);
    });
}

/** Resolves when the server listens, to what ends it: else it outlives its namespace, and this script waits for it. */
async function startServer(lab: Lab, argv: readonly string[]): Promise<() => void> {
  const child = spawnIn(lab.target, ['python3', join(here, 'serve.py'), ...argv]);
  await new Promise<void>((done) => child.stdout!.on('data', () => done()));
  return () => child.kill('SIGKILL');
}

async function capture(scene: Scene, family: Family, folder: string): Promise<void> {
  const lab = await buildLab(scene.world);
  let endServer = (): void => {};
  try {
    scene.prepare?.(lab, family);
    if (scene.serve !== undefined) {
      endServer = await startServer(
        lab,
        scene.serve.map((word) => word.replace('TARGET', lab.targetIp(family))),
      );
    }
    for (const ns of [lab.scanner, ...lab.routers, lab.target]) offloadsOff(ns);
    // What our own side keeps back is seen nowhere else.
    const router = lab.routers[scene.router ?? 0];
    const places = [
      ['client', lab.scanner, 'any'],
      ...(router === undefined
        ? []
        : [['router', router, scene.routerDevice ?? 'in'] as [string, Namespace, string]]),
      ['target', lab.target, 'in'],
    ].filter(([place]) => place === 'client' || !scene.name.startsWith('own')) as [
      string,
      Namespace,
      string,
    ][];
    const stops = [];
    for (const [place, ns, device] of places) {
      stops.push(
        await startTcpdump(ns, device, join(folder, `${scene.name}.${place}.${family}.pcap`)),
      );
    }
    await ended(lab, ['python3', join(here, 'ask.py'), asksFor(scene, lab, family)]);
    for (const words of scene.runs ?? []) {
      const argv = words.map((word) => word.replace('TARGET', lab.targetIp(family)));
      await ended(lab, [process.execPath, COMMAND, ...argv]);
    }
    // The silence after the last request is part of the capture: something else must come by to end it. Not from the
    // target, whose distance would be known then.
    await new Promise((done) => setTimeout(done, END_MS));
    const gateway = family === 4 ? '10.90.0.2' : 'fd90::2';
    spawnSync('ip', ['netns', 'exec', lab.scanner.name, 'ping', '-c1', '-W1', gateway]);
    for (const stop of stops) await stop();
  } finally {
    endServer();
    lab.close();
  }
}

const END_MS = 1200;

/** Runs a command of the client to its end. */
async function ended(lab: Lab, argv: readonly string[]): Promise<void> {
  const child = spawnIn(lab.scanner, argv, { stdio: 'ignore' });
  await new Promise((done) => child.once('exit', done));
}

/** Segments as large as the link takes, as a network card would send them. */
function offloadsOff(ns: Namespace): void {
  for (const device of ['in', 'out']) {
    spawnSync('ip', ['-n', ns.name, 'link', 'set', 'dev', device, 'gso_max_segs', '1']);
  }
}

const [folder, ...names] = process.argv.slice(2) as [string, ...string[]];
mkdirSync(folder, { recursive: true });
for (const scene of loadScenes()) {
  if (names.length > 0 && !names.includes(scene.name)) continue;
  for (const family of [4, 6] as const) {
    process.stderr.write(`${scene.name} ${family}\n`);
    await capture(scene, family, folder).catch((error: Error) => {
      process.stderr.write(`  failed: ${error.message}\n`);
      process.exitCode = 1;
    });
  }
}
