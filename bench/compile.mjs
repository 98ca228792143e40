// The benchmark's own tools in C, compiled into a folder that goes away with it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Paths of the programs, and what removes them. Throws with the compiler's words where it fails. */
export function compileTools() {
  const folder = mkdtempSync(join(tmpdir(), 'pu-probe-bench-'));
  const compile = (name) => {
    const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
    const output = join(folder, name);
    const argv = ['-std=c11', '-O2', '-Wall', '-Wextra', '-o', output, source];
    const { status, stderr } = spawnSync('cc', argv, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`cc ${source}: ${stderr}`);
    return output;
  };
  return {
    ceiling: compile('ceiling'),
    delayLine: compile('delayLine'),
    meter: compile('meter'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
