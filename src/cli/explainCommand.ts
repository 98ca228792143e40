import { UsageError } from '../index.ts';
import type { Api } from './api.ts';
import { safe } from './argv.ts';
import { exitCode } from './exitCode.ts';
import type { ExplainArguments } from './explainArguments.ts';
import type { Io } from './io.ts';
import { systemError } from './scanArguments.ts';

/** Width of a report that goes to no terminal, and the least that is laid out. */
const DEFAULT_WIDTH = 80;
const MIN_WIDTH = 40;

/** Runs `explain` and resolves to the exit code: 3 where the file could not be read to its end. */
export async function runExplain(args: ExplainArguments, io: Io, api: Api): Promise<number> {
  const { file, narrowing, format, noColor } = args;
  const name = file === '-' ? 'standard input' : safe(file);
  const report = await api
    .explainCapture(io.readChunks(file), { narrowing, name })
    .catch((error: unknown) => {
      if (typeof (error as { code?: unknown }).code !== 'string') throw error;
      throw new UsageError(`cannot read ${name}: ${systemError(error)}`, { cause: error });
    });
  if (format === 'json') await io.stdout(api.explainJson(report));
  else {
    const { env, isTty, columns } = io;
    const isPlain = noColor || Boolean(env['NO_COLOR']) || env['TERM'] === 'dumb';
    await io.stdout(
      api.renderExplainText(report, {
        color: isTty.stdout && !isPlain,
        width: isTty.stdout ? Math.max(MIN_WIDTH, columns ?? DEFAULT_WIDTH) : DEFAULT_WIDTH,
      }),
    );
  }
  const endings = { interrupted: false, internalError: false, failed: false };
  return exitCode({ ...endings, unchecked: !report.complete });
}
