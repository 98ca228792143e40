// Ways of measuring one program: what is run, and the number that it yields.
import { spawn, spawnSync } from 'node:child_process';

/** A program that hangs must not hang the benchmark. */
const RUN_TIMEOUT_MS = 60_000;
/** Ways out that still printed a report: done, or something could not be checked (pu-probe). */
const REPORTED = new Set([0, 3]);

/**
 * Ways of measuring by name: `measure` runs the command (and `less`, whose share is subtracted), and gives the number with
 * the report. Metered ones run under meter.c.
 */
export const MEASURES = {
  /** The whole process. */
  seconds: {
    show: (seconds) => seconds.toFixed(3),
    unit: 's',
    async measure({ argv }) {
      const { seconds, ...rest } = await run(argv);
      return { value: seconds, ...rest };
    },
  },
  /** Until the last open port was printed. */
  lastOpen: {
    show: (seconds) => seconds.toFixed(3),
    unit: 's',
    async measure({ argv }) {
      const ran = await run(argv);
      const last = [...ran.text.matchAll(OPEN_LINE)].at(-1);
      const arrival = ran.arrivals.find(({ bytes }) => bytes > (last?.index ?? Infinity));
      return { value: arrival?.seconds ?? Number.NaN, ...ran };
    },
  },
  /** Answers a second that came in over the device, in the middle 80 % of them. */
  answered: {
    show: (perS) => `${(perS / 1000).toFixed(0)}k`,
    unit: '/s',
    async measure({ argv }) {
      const { metered, ...rest } = await run(argv);
      return { value: metered?.perS ?? 0, ...rest };
    },
    isMetered: true,
  },
  /** User and system time of the whole process, all threads. */
  cpu: {
    show: (seconds) => seconds.toFixed(3),
    unit: 's',
    async measure({ argv }) {
      const { metered, ...rest } = await run(argv);
      return { value: (metered?.userS ?? Number.NaN) + (metered?.systemS ?? Number.NaN), ...rest };
    },
    isMetered: true,
  },
  /** User time of one probe, in microseconds. */
  userCpu: {
    show: (us) => us.toFixed(2),
    unit: 'us',
    async measure({ argv, less, probes }) {
      const one = await run(less);
      const { metered, ...rest } = await run(argv);
      const seconds = (metered?.userS ?? Number.NaN) - (one.metered?.userS ?? Number.NaN);
      return { value: (1e6 * seconds) / probes, ...rest };
    },
    isMetered: true,
  },
  /**
   * User time of one further probe, in microseconds: `less` has asked `lessProbes` already, so that neither the start of the
   * program nor its compiling is in it. What they took is `startS`: the time of `less` without its probes at that price.
   */
  furtherCpu: {
    show: (us) => us.toFixed(2),
    unit: 'us',
    async measure({ argv, less, probes, lessProbes }) {
      const one = await run(less);
      const { metered, ...rest } = await run(argv);
      const lessS = one.metered?.userS ?? Number.NaN;
      const probeS = ((metered?.userS ?? Number.NaN) - lessS) / probes;
      return { value: 1e6 * probeS, startS: lessS - lessProbes * probeS, ...rest };
    },
    isMetered: true,
  },
};

/** Whether a program can be started. */
export function isInstalled(tool) {
  return spawnSync(tool, ['--version']).error === undefined;
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What tells of an open port in a line: `"state":"open"`, or an address alone (zmap). */
const OPEN_LINE = /"state":"open"|^\d+\.\d+\.\d+\.\d+$/gm;

/**
 * Runs a command to its end; the time is that of the whole process. `failed` says why there is no report. What the meter
 * says comes through file descriptor 3. `isEnough` may end the run as soon as it has printed what is wanted.
 */
export async function run(argv, { timeoutMs = RUN_TIMEOUT_MS, isEnough = () => false } = {}) {
  const [file, ...args] = argv;
  const outputs = [[], [], []];
  const arrivals = [];
  let bytes = 0;
  let enoughS;
  const started = process.hrtime.bigint();
  const elapsed = () => Number(process.hrtime.bigint() - started) / 1e9;
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  for (const [i, chunks] of outputs.entries()) {
    child.stdio[i + 1].on('data', (chunk) => {
      chunks.push(chunk);
      if (i > 0) return;
      bytes += chunk.length;
      arrivals.push({ bytes, seconds: elapsed() });
      if (enoughS !== undefined || !isEnough(outputs[0])) return;
      enoughS = elapsed();
      child.kill('SIGINT');
    });
  }
  const status = await new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve(signal ?? code));
  });
  const seconds = enoughS ?? elapsed();
  const [text, messages, metered] = outputs.map((chunks) => Buffer.concat(chunks).toString());
  const isDone = enoughS !== undefined || REPORTED.has(status);
  const failed = isDone
    ? undefined
    : `${status} after ${seconds.toFixed(1)} s ${messages.trim().split('\n')[0].slice(0, 80)}`;
  return {
    seconds,
    text,
    failed,
    arrivals,
    metered: metered === '' ? undefined : JSON.parse(metered),
  };
}
