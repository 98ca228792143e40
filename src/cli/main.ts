import * as library from '../index.ts';
import type { Api } from './api.ts';
import { show } from './argv.ts';
import { EXIT_USAGE, exitCode } from './exitCode.ts';
import { parseExplainArguments } from './explainArguments.ts';
import { runExplain } from './explainCommand.ts';
import { helpOf } from './help.ts';
import type { Io } from './io.ts';
import { nearest } from './nearest.ts';
import { COMMANDS, LATER_COMMANDS } from './options.ts';
import { portsText } from './portsCommand.ts';
import { parseScanArguments } from './scanArguments.ts';
import { runScan } from './scanCommand.ts';
import { parseTraceArguments } from './traceArguments.ts';
import { runTraceCommand } from './traceCommand.ts';

/**
 * Runs one command line (without the interpreter and the script) and resolves to its exit code; never rejects.
 *
 * Mistakes of the user are one line on standard error and code 2; what the environment does not allow is code 3.
 */
export async function main(argv: readonly string[], io: Io, api: Api = library): Promise<number> {
  try {
    return await runCommand(argv, io, api);
  } catch (error) {
    return tellError(error, argv.includes('--debug'), io);
  }
}

async function runCommand(argv: readonly string[], io: Io, api: Api): Promise<number> {
  const [command, ...rest] = argv;
  const options = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length);
  if (command === 'help' || options.includes('--help') || options.includes('-h')) {
    await io.stdout(helpOf(argv));
    return 0;
  }
  if (options.includes('--version') || options.includes('-V')) {
    await io.stdout(`pu-probe ${library.VERSION}\n`);
    return 0;
  }
  if (command === 'scan') {
    return runScan(await parseScanArguments(rest, io.readFile), io, api);
  }
  if (command === 'trace') return runTraceCommand(parseTraceArguments(rest), io, api);
  if (command === 'explain') return runExplain(parseExplainArguments(rest), io, api);
  if (command === 'replay') {
    const { runReplay } = await import('./replayCommand.ts');
    return runReplay(rest, io, api);
  }
  if (command === 'ports') {
    if (rest.length > 0) throw new library.UsageError(`ports takes no argument: ${show(rest[0]!)}`);
    await io.stdout(portsText());
    return 0;
  }
  throw unknownCommand(command);
}

function unknownCommand(command: string | undefined): library.UsageError {
  if (command === undefined) {
    return new library.UsageError(
      'name a command, as in: pu-probe scan TARGET -p PORTS (pu-probe --help says more)',
    );
  }
  if (LATER_COMMANDS.includes(command)) {
    return new library.UsageError(`the command ${command} is not built yet`);
  }
  const suggestion = nearest(command, COMMANDS);
  const hint =
    suggestion === null ? 'to scan, write: pu-probe scan TARGET' : `the nearest is ${suggestion}`;
  const what = command.startsWith('-') ? 'a command comes first, not' : 'unknown command';
  return new library.UsageError(`${what} ${show(command)}; ${hint}`);
}

function tellError(error: unknown, debug: boolean, io: Io): number {
  const known = error instanceof library.UsageError || error instanceof library.ProbeError;
  const message = error instanceof Error ? error.message : String(error);
  const line = oneLine(message);
  if (known) io.stderr(`pu-probe: ${line}\n`);
  else {
    io.stderr(
      `pu-probe: internal error: ${line}. This is a bug: please report it with the command and what --debug prints.\n`,
    );
  }
  if (debug && error instanceof Error) io.stderr(`${error.stack ?? ''}\n`);
  if (error instanceof library.UsageError) return EXIT_USAGE;
  const endings = { interrupted: false, failed: false };
  return exitCode({ ...endings, internalError: !known, unchecked: known });
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}
