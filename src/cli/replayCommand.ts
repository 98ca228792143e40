/** `replay FILE`: the report of a recorded run, computed again. */
import { UsageError } from '../index.ts';
import type { Api } from './api.ts';
import { show } from './argv.ts';
import type { Io } from './io.ts';
import type { OptionGroup } from './options.ts';
import { OPTIONS } from './options.ts';
import { parseOptions, showing, systemError } from './scanArguments.ts';
import type { ShowArguments } from './showRun.ts';
import { checkFiles, finish, readRun } from './showRun.ts';

/** Runs `replay` and resolves to the exit code. Rejects with UsageError, ProbeError, or an internal error. */
export async function runReplay(argv: readonly string[], io: Io, api: Api): Promise<number> {
  const { path, ...args } = parseReplayArguments(argv);
  await checkFiles(args, io);
  const run = api.replay(readAll(path, io), path);
  const { command, plan } = await run.start();
  if (args.expectations.length > 0 && (command === 'trace' || plan.discover === true)) {
    throw new UsageError(`--expect is about ports: ${show(path)} holds no scan of any`);
  }
  const found = await readRun(run, args, io, api);
  return finish(found, args, { interrupted: false, unchecked: false }, io, api);
}

async function* readAll(path: string, io: Io): AsyncGenerator<Uint8Array> {
  const bytes = io.readChunks(path);
  try {
    yield* bytes;
  } catch (cause) {
    throw new UsageError(`replay cannot read ${show(path)}: ${systemError(cause)}`, { cause });
  }
}

/** Groups of options that a command without a run of its own takes. */
const SHOWING: readonly OptionGroup[] = ['Output', 'Other'];
/** Options of those groups that speak of sending. */
const SENDING: ReadonlySet<string> = new Set(['pcap', 'dry-run']);

/** Parses the arguments after `replay`: one file, and how its run is shown. Throws a UsageError. */
function parseReplayArguments(argv: readonly string[]): ShowArguments & { readonly path: string } {
  const { raw, operands } = parseOptions('replay', OPTIONS, argv);
  const other = OPTIONS.find(
    ({ group, long, isAlways }) =>
      isAlways !== true &&
      (!SHOWING.includes(group) || SENDING.has(long)) &&
      raw[nameOf(long)] !== undefined &&
      !(long === 'no-control' && raw['control'] === true),
  );
  if (other !== undefined) throw new UsageError(`replay sends nothing: no --${other.long}`);
  const [path, second] = operands;
  if (path === undefined) throw new UsageError('replay needs a FILE that --pcap has written');
  if (second !== undefined) throw new UsageError(`replay takes one file, not ${show(second)} too`);
  return { path, ...showing(raw) };
}

/** The property of an option, as the option parser names it. */
function nameOf(long: string): string {
  const camel = long.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return long.startsWith('no-') ? camel[2]!.toLowerCase() + camel.slice(3) : camel;
}
