/** Writing files so that they are whole: `fs.write` may take a part of the bytes without an error where a disk fills up. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Output } from './io.ts';

/** Characters that are written together: a system call for each line would be slower than the scan. */
const BATCH_CHARS = 65_536;

/** Why no file could be made beside another: then the other is written in place. */
const NOT_BESIDE: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Writes a file whole or leaves what was there: beside it first, then renamed. Devices and pipes are written directly.
 *
 * Rejects with the error of the system, which has a `code`.
 */
export async function writeWholeFile(path: string, chunks: Iterable<string>): Promise<void> {
  const { open, realpath, rename, rm, stat } = await import('node:fs/promises');
  // The file that a link leads to is replaced, not the link.
  const target = await realpath(path).catch(() => path);
  const before = await stat(target).catch(() => null);
  const writeInPlace = async (): Promise<void> => writeChunks(await open(target, 'w'), chunks);
  if (before !== null && !before.isFile()) return writeInPlace();
  const beside = `${target}.${process.pid}.part`;
  let file: FileHandle;
  try {
    file = await open(beside, 'wx');
  } catch (error) {
    if (before !== null && NOT_BESIDE.has((error as { code?: unknown }).code)) {
      return writeInPlace();
    }
    throw error;
  }
  try {
    if (before !== null) await file.chmod(before.mode & 0o7777);
    await writeChunks(file, chunks);
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Writes chunks and closes the file. */
async function writeChunks(file: FileHandle, chunks: Iterable<string>): Promise<void> {
  try {
    let batch = '';
    for (const chunk of chunks) {
      batch += chunk;
      if (batch.length < BATCH_CHARS) continue;
      // appendFile, unlike write, goes on until all is written.
      await file.appendFile(batch);
      batch = '';
    }
    await file.appendFile(batch);
  } finally {
    await file.close();
  }
}

/** Writes all bytes of a text by a call that may take a part of them; what it throws is passed on. */
export function writeWhole(text: string, write: (bytes: Uint8Array, from: number) => number): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; ) at += write(bytes, at);
}

/**
 * Opens a file for pieces that stand there as soon as they are written: a run that is killed leaves all before. Where the
 * disk fills up the file ends with the last piece that it took whole.
 */
export function openOutput(path: string): Output {
  const file = openSync(path, 'w');
  let whole = 0;
  let failure: unknown = null;
  return {
    write(bytes) {
      if (failure !== null) return;
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
        whole += bytes.length;
      } catch (error) {
        failure = error;
        endAt(file, whole);
      }
    },
    close() {
      closeSync(file);
      return failure;
    },
  };
}

/** Takes back what was written in part; a pipe cannot, and its reader has it already. */
function endAt(file: number, length: number): void {
  try {
    ftruncateSync(file, length);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EINVAL') throw error;
  }
}
