/** A seed that a stranger cannot guess: tokens are made with it. */
import { closeSync, openSync, readSync } from 'node:fs';

/** Eight bytes of the system's randomness as two words. Loading node:crypto for them would cost 4 ms of every start. */
export async function randomSeed(): Promise<readonly [number, number]> {
  const bytes = readUrandom() ?? (await import('node:crypto')).randomBytes(8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  return [view.getUint32(0), view.getUint32(4)];
}

/** Undefined where there is no such device, as on Windows. */
function readUrandom(): Uint8Array | undefined {
  const bytes = new Uint8Array(8);
  let file: number;
  try {
    file = openSync('/dev/urandom', 'r');
  } catch {
    return undefined;
  }
  try {
    return readSync(file, bytes, 0, 8, null) === 8 ? bytes : undefined;
  } finally {
    closeSync(file);
  }
}
