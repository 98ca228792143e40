/** The command: `main` with the real process. File functions load when a file is named: start-up is a feature. */
import type { Io } from './io.ts';
import { main } from './main.ts';

/** What a shell reports for a command whose reader went away (SIGPIPE). */
const EXIT_PIPE = 141;
/** Something could not be done for a reason of this machine (contract: 3). */
const EXIT_UNWRITTEN = 3;

const io: Io = {
  stdout: (text) =>
    new Promise((resolve) => {
      process.stdout.write(text, () => resolve());
    }),
  stderr: (text) => {
    process.stderr.write(text);
  },
  env: process.env,
  isTty: { stdout: process.stdout.isTTY === true, stderr: process.stderr.isTTY === true },
  // 0 on some pseudo-terminals.
  columns: process.stdout.columns || process.stderr.columns || undefined,
  readFile: async (path) => {
    // Descriptor 0 and not /dev/stdin, which another user's pipe does not let us open.
    if (path === '-') return (await import('node:fs')).readFileSync(0, 'utf8');
    return (await import('node:fs/promises')).readFile(path, 'utf8');
  },
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
  writeFile: async (path, chunks) => {
    const { open } = await import('node:fs/promises');
    const file = await open(path, 'w');
    try {
      for (const chunk of chunks) await file.write(chunk);
    } finally {
      await file.close();
    }
  },
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

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_PIPE);
  process.stderr.write(
    `pu-probe: cannot write to standard output: ${error.code ?? error.message}\n`,
  );
  process.exit(EXIT_UNWRITTEN);
});
main(process.argv.slice(2), io).then((code) => {
  process.exitCode = code;
});
