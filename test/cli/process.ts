import type { Api } from '../../src/cli/api.ts';
import type { Io } from '../../src/cli/io.ts';
import { main } from '../../src/cli/main.ts';
import type { Report, ScanOptions, ScanRun } from '../../src/index.ts';
import * as library from '../../src/index.ts';

/** A process in memory. */
export interface FakeIo {
  readonly io: Io;
  readonly out: () => string;
  readonly err: () => string;
  readonly files: Map<string, string>;
  /** What was recorded, in the pieces in which it was written. */
  readonly bytes: Map<string, Uint8Array[]>;
  /** Presses Ctrl-C. */
  readonly interrupt: () => void;
}

export function createFakeIo(
  part: Partial<Io> = {},
  files: Readonly<Record<string, string>> = {},
  binaries: ReadonlyMap<string, Uint8Array> = new Map(),
): FakeIo {
  let out = '';
  let err = '';
  const handlers = new Set<() => void>();
  const disk = new Map(Object.entries(files));
  const bytes = new Map<string, Uint8Array[]>();
  const missing = (path: string) => Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
  const io: Io = {
    stdout: async (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    env: {},
    isTty: { stdout: false, stderr: false },
    columns: undefined,
    readFile: async (path) => {
      const text = disk.get(path);
      if (text === undefined) throw missing(path);
      return text;
    },
    async *readChunks(path) {
      const whole = binaries.get(path);
      const pieces = whole === undefined ? bytes.get(path) : [whole];
      if (pieces === undefined) throw missing(path);
      yield* pieces;
    },
    checkWritable: async (path) => {
      if (path.startsWith('/missing/')) throw missing(path);
    },
    writeFile: async (path, chunks) => {
      if (path.startsWith('/full/')) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      disk.set(path, [...chunks].join(''));
    },
    openOutput: (path) => {
      const failure = (code: string) => Object.assign(new Error(code), { code });
      if (path.startsWith('/missing/')) throw failure('ENOENT');
      const pieces: Uint8Array[] = [];
      bytes.set(path, pieces);
      let failed: unknown = null;
      return {
        write: (piece) => {
          if (path.startsWith('/full/') && pieces.length > 0) failed = failure('ENOSPC');
          else pieces.push(piece.slice());
        },
        close: () => failed,
      };
    },
    onInterrupt: (handler) => {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    ...part,
  };
  return {
    io,
    out: () => out,
    err: () => err,
    files: disk,
    bytes,
    interrupt: () => {
      for (const handler of handlers) handler();
    },
  };
}

/** The library with a scan that sends nothing and finds the given report; `asked` collects its options. */
export function createFakeApi(
  found: Report | ((options: ScanOptions) => Promise<Report>),
  asked: ScanOptions[] = [],
): Api {
  return {
    ...library,
    scan: (options): ScanRun => {
      asked.push(options);
      const report = typeof found === 'function' ? found(options) : Promise.resolve(found);
      return {
        start: async () => {
          const { schema, tool, command, startedAt, wire, seed, plan } = await report;
          return { schema, tool, command, startedAt, wire, seed, plan };
        },
        plan: () => library.planScan(options),
        report: () => report,
        summary: async () => library.summarize(await report),
        async *together() {
          yield (await report).verdicts;
        },
        async *[Symbol.asyncIterator]() {
          yield* (await report).verdicts;
        },
      };
    },
  };
}

/** Runs one command line; words are split at spaces. */
export async function run(
  line: string,
  api: Api,
  fake: FakeIo = createFakeIo(),
): Promise<{ code: number; out: string; err: string }> {
  const code = await main(
    line.split(' ').filter((word) => word !== ''),
    fake.io,
    api,
  );
  return { code, out: fake.out(), err: fake.err() };
}
