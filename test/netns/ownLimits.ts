/** What a scanner has too little of (limits.ts), made in its namespace and around its command. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Limits } from '../../src/sim/limits.ts';
import { type Namespace, run, setSysctl } from './namespaces.ts';

/** Any rule that looks at the state of a connection switches connection tracking on. */
const TRACKING = `table inet pp_tracking {
chain output { type filter hook output priority 0; ct state new accept
}
chain input { type filter hook input priority 0; ct state new accept
}
}
`;

/** Makes what belongs to the namespace; call it when the rest of the lab stands and nothing more connects from there. */
export function limitNamespace({ ports, flows }: Limits, scanner: Namespace): void {
  if (ports !== null) setSysctl(scanner, 'net.ipv4.ip_local_port_range', ports.join(' '));
  if (flows === null) return;
  run(scanner, ['nft', '-f', '-'], { input: TRACKING });
  const script = fileURLToPath(new URL('./fillConntrack.py', import.meta.url));
  run(scanner, ['python3', script, String(flows)]);
}

/** Words before the command that limit its process; `folder` is one that `nobody` can read. */
export function limitProcess(
  { descriptors, receiveBytes }: Limits,
  folder: string,
): readonly string[] {
  const files = descriptors === null ? [] : ['prlimit', `--nofile=${descriptors}:${descriptors}`];
  if (receiveBytes === null) return files;
  const library = buildSmallBuffers(folder);
  return [...files, 'env', `LD_PRELOAD=${library}`, `PP_RECEIVE_BYTES=${receiveBytes}`];
}

function buildSmallBuffers(folder: string): string {
  const source = fileURLToPath(new URL('./smallBuffers.c', import.meta.url));
  const library = join(folder, 'smallBuffers.so');
  if (existsSync(library)) return library;
  const argv = ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-o', library, source, '-ldl'];
  const done = spawnSync('cc', argv, { encoding: 'utf8' });
  if (done.status !== 0)
    throw new Error(`cc smallBuffers.c: ${done.error?.message ?? done.stderr}`);
  chmodSync(library, 0o755);
  return library;
}
