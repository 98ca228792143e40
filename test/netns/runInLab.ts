/** Runs the built command inside a lab's scanner namespace, as root or as nobody, and reads its report. */
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../src/model.ts';

export type User = 'root' | 'nobody';

/** The built command, copied to where nobody may read it. */
export interface Installed {
  readonly folder: string;
  readonly cli: string;
  readonly addon: string | null;
  remove(): void;
}

const AS_NOBODY = [
  'setpriv',
  '--reuid=nobody',
  '--regid=nogroup',
  '--clear-groups',
  '--inh-caps=-all',
] as const;

/** Copies dist/cli.cjs and the addon; throws when the command was not built. */
export function install(): Installed {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const built = join(root, 'dist/cli.cjs');
  if (!existsSync(built)) throw new Error('dist/cli.cjs is missing: node scripts/build.mjs');
  const folder = mkdtempSync(join(tmpdir(), 'pp-cli-'));
  chmodSync(folder, 0o755);
  const cli = join(folder, 'cli.cjs');
  copyFileSync(built, cli);
  // The npm package raw-socket is no part of the bundle.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const builtAddon = join(root, 'build/pu_probe.node');
  const addon = existsSync(builtAddon) ? join(folder, 'pu_probe.node') : null;
  if (addon !== null) copyFileSync(builtAddon, addon);
  return { folder, cli, addon, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and as whom the command runs. */
export interface Place {
  readonly namespace: string;
  readonly user: User;
  /** Words before the command, such as `prlimit --nofile=64:64`. */
  readonly prefix: readonly string[];
}

/** Runs `pu-probe ARGV` there. */
export function runCommand(
  installed: Installed,
  { namespace, user, prefix }: Place,
  argv: readonly string[],
): Promise<Ran> {
  const command = [
    ...['ip', 'netns', 'exec', namespace],
    ...(user === 'nobody' ? AS_NOBODY : []),
    ...prefix,
    ...[process.execPath, installed.cli, ...argv],
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), {
      env: { ...process.env, PU_PROBE_NATIVE: installed.addon ?? '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += String(text);
    });
    child.stderr.on('data', (text) => {
      stderr += String(text);
    });
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}

/** The report of a scan with `--json`; throws with what was printed instead where there is none. */
export function toReport(ran: Ran): Report {
  try {
    return JSON.parse(ran.stdout) as Report;
  } catch {
    throw new Error(`no report (exit ${ran.exitCode}): ${ran.stderr || ran.stdout}`);
  }
}
