/**
 * Three namespaces in a line, client - router - target, for the error-queue wire to be tried in. The wire runs in a child
 * process inside the client: a thread cannot change its namespace.
 */
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import {
  createNamespace,
  link,
  type Namespace,
  removeAll,
  run,
  setSysctl,
  spawnIn,
} from '../netns/namespaces.ts';
import type { SeenSignal, Step } from './errqueueSteps.ts';

export interface Outcome {
  readonly outcomes: readonly (readonly SeenSignal[])[];
  readonly counters: Readonly<Record<string, number>>;
}

export interface ErrqueueLab {
  readonly client: Namespace;
  readonly router: Namespace;
  readonly target: Namespace;
  /** Runs the steps in the client, as `nobody` unless asked otherwise. */
  probe(targets: readonly string[], steps: readonly Step[], asRoot?: 'as-root'): Outcome;
  /** Puts these rules alone into the namespace's firewall; without rules clears it. */
  firewall(ns: Namespace, rules?: string): void;
  remove(): void;
}

/** What listens on the target: TCP 80 that keeps quiet, TCP 81 that resets what it accepts, UDP 53 that echoes. */
export const ports = { open: 80, resetting: 81, echo: 53, closed: 9 } as const;

export const address = {
  client: { 4: '10.1.0.1', 6: 'fd01::1' },
  router: { 4: '10.1.0.254', 6: 'fd01::ff' },
  target: { 4: '10.2.0.2', 6: 'fd02::2' },
} as const;

const listeners = `
const net = require('node:net');
const server = (port, options, take) => new Promise((done) => {
  net.createServer(take).on('error', (e) => { throw e; }).listen({ port, host: '::', ...options }, done);
});
const echo = () => new Promise((done) => {
  const socket = require('node:dgram').createSocket('udp6').bind(${ports.echo}, '::', done);
  socket.on('message', (message, from) => socket.send(message, from.port, from.address));
});
Promise.all([
  server(${ports.open}, {}, (s) => s.on('error', () => {})),
  server(${ports.resetting}, {}, (s) => s.on('error', () => {}).resetAndDestroy()),
  echo(),
]).then(() => console.log('ready'));
`;

/** Builds the lab; stock limits of ICMP are lifted where they would hide what is tested. */
export async function createErrqueueLab(): Promise<ErrqueueLab> {
  const folder = buildChild();
  try {
    return await buildLab(folder);
  } catch (error) {
    removeAll();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function buildLab(folder: string): Promise<ErrqueueLab> {
  const client = createNamespace('client');
  const router = createNamespace('router');
  const target = createNamespace('target');
  link(
    { ns: client, device: 'eth0', addresses: ['10.1.0.1/24', 'fd01::1/64'] },
    { ns: router, device: 'left', addresses: ['10.1.0.254/24', 'fd01::ff/64'] },
  );
  link(
    { ns: router, device: 'right', addresses: ['10.2.0.254/24', 'fd02::ff/64'] },
    { ns: target, device: 'eth0', addresses: ['10.2.0.2/24', 'fd02::2/64'] },
  );
  setSysctl(router, 'net.ipv4.ip_forward', 1);
  setSysctl(router, 'net.ipv6.conf.all.forwarding', 1);
  for (const ns of [router, target]) {
    setSysctl(ns, 'net.ipv4.icmp_ratelimit', 0);
    setSysctl(ns, 'net.ipv4.icmp_ratemask', 0);
    setSysctl(ns, 'net.ipv6.icmp.ratelimit', 0);
    setSysctl(ns, 'net.ipv4.icmp_msgs_per_sec', 1_000_000);
    setSysctl(ns, 'net.ipv4.icmp_msgs_burst', 10_000);
  }
  run(client, ['ip', 'route', 'add', 'default', 'via', '10.1.0.254']);
  run(client, ['ip', '-6', 'route', 'add', 'default', 'via', 'fd01::ff']);
  run(target, ['ip', 'route', 'add', 'default', 'via', '10.2.0.254']);
  run(target, ['ip', '-6', 'route', 'add', 'default', 'via', 'fd02::ff']);
  await startListeners(target);
  return {
    client,
    router,
    target,
    probe(targets, steps, asRoot) {
      const text = run(client, [process.execPath, join(folder, 'child.mjs')], {
        input: JSON.stringify({ targets, steps }),
        asNobody: asRoot === undefined,
        env: { PU_PROBE_NATIVE: join(folder, 'pu_probe.node') },
      });
      return JSON.parse(text) as Outcome;
    },
    firewall(ns, rules = '') {
      run(ns, ['nft', '-f', '-'], { input: `flush ruleset\n${rules.replaceAll('}', '\n}')}\n` });
    },
    remove() {
      removeAll();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The child and the addon in a folder that `nobody` can read, wherever the checkout lies. */
function buildChild(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pu-probe-errqueue-'));
  const child = join(folder, 'child.mjs');
  buildSync({
    entryPoints: [join(import.meta.dirname, 'errqueueChild.ts')],
    outfile: child,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  const addon =
    process.env['PU_PROBE_NATIVE'] ?? join(import.meta.dirname, '../../build/pu_probe.node');
  copyFileSync(addon, join(folder, 'pu_probe.node'));
  chmodSync(folder, 0o755);
  for (const name of ['child.mjs', 'pu_probe.node']) chmodSync(join(folder, name), 0o755);
  return folder;
}

function startListeners(target: Namespace): Promise<void> {
  const child = spawnIn(target, [process.execPath, '-e', listeners]);
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the listeners ended with ${code}`)));
  });
}
