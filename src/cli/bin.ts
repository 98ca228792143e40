/** The command: `main` with the real process. The promises of node:fs load when a file is named: start-up is a feature. */
import { createReadStream, fstatSync, readFileSync, writeSync } from 'node:fs';
import { openOutput, writeWhole, writeWholeFile } from './files.ts';
import type { Io } from './io.ts';
import { main } from './main.ts';
import { systemError } from './scanArguments.ts';

/** What a shell reports for a command whose reader went away (SIGPIPE). */
const EXIT_PIPE = 141;
/** Something could not be done for a reason of this machine (contract: 3). */
const EXIT_UNWRITTEN = 3;

const STDOUT = 1;

/** Captures are read in pieces of this size: 64 KiB, the default, costs a third more time. */
const READ_OPTIONS = { highWaterMark: 1 << 20 };

const io: Io = {
  stdout: async (text) => {
    if (isStdoutFile()) return writeStdoutFile(text);
    await new Promise<void>((resolve) => {
      process.stdout.write(text, () => resolve());
    });
  },
  stderr: (text) => {
    process.stderr.write(text);
  },
  env: process.env,
  isTty: { stdout: process.stdout.isTTY === true, stderr: process.stderr.isTTY === true },
  // 0 on some pseudo-terminals.
  columns: process.stdout.columns || process.stderr.columns || undefined,
  readFile: async (path) => {
    // Descriptor 0 and not /dev/stdin, which another user's pipe does not let us open.
    if (path === '-') return readFileSync(0, 'utf8');
    return (await import('node:fs/promises')).readFile(path, 'utf8');
  },
  readChunks: (path) => (path === '-' ? process.stdin : createReadStream(path, READ_OPTIONS)),
  checkWritable: async (path) => {
    const { access, constants } = await import('node:fs/promises');
    const { dirname } = await import('node:path');
    try {
      await access(path, constants.W_OK);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
      await access(dirname(path), constants.W_OK);
    }
  },
  writeFile: writeWholeFile,
  openOutput,
  onInterrupt: (handler) => {
    let count = 0;
    const interrupt = (): void => {
      handler();
      count++;
      if (count > 1) process.exit(130);
    };
    process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
    return () => {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    };
  },
};

let isFile: boolean | undefined;

/** Whether standard output is a file: Node's own stream for it drops the rest of a write that was taken in part. */
function isStdoutFile(): boolean {
  isFile ??= fstatSync(STDOUT).isFile();
  return isFile;
}

function writeStdoutFile(text: string): void {
  try {
    writeWhole(text, (bytes, from) => writeSync(STDOUT, bytes, from));
  } catch (error) {
    endUnwritten(error);
  }
}

function endUnwritten(error: unknown): never {
  if ((error as { code?: unknown }).code === 'EPIPE') process.exit(EXIT_PIPE);
  process.stderr.write(`pu-probe: cannot write to standard output: ${systemError(error)}\n`);
  process.exit(EXIT_UNWRITTEN);
}

process.stdout.on('error', endUnwritten);
main(process.argv.slice(2), io).then((code) => {
  process.exitCode = code;
});
