/** Which folder may import which, and why: the table of ARCHITECTURE.md as a test. An arrow that is not here is not meant to be. */
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, namesOf, readSources } from './sources.ts';

const sources = readSources('src');

/** `src/scan/sender.ts` belongs to `scan`, `src/model.ts` to `model`. */
function partOf(path: string): string {
  const [, first = '', ...rest] = path.split('/');
  return rest.length > 0 ? first : first.replace(/\.ts$/, '');
}

const THE_SEAM = 'the shape in which probes and signals cross the seam';
const NOUNS = 'the nouns of the project, types only';
const BYTES = 'reads or writes packets and addresses';

/** Part -> what it may import, each with the reason. */
const ARROWS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  model: {
    packet: 'Ip, the branded text of an address',
    seam: 'what a wire and an engine are, for all',
    modelPath: 'the nouns of a trace, for all',
  },
  modelPath: { model: NOUNS, packet: 'Ip, the branded text of an address' },
  seam: { model: NOUNS, batch: THE_SEAM },
  batch: { model: 'OwnSide, the rare rows with more to say than columns hold' },
  errno: {},
  errors: {},
  version: {},
  packet: {},
  probe: { packet: BYTES, model: NOUNS, batch: THE_SEAM },
  match: {
    packet: BYTES,
    probe: 'tokens and reply parsers',
    model: NOUNS,
    batch: THE_SEAM,
    errno: 'signals carry Linux errno numbers',
  },
  plan: { packet: 'addresses as text and bytes', model: NOUNS, errors: "the user's mistakes" },
  timing: { model: NOUNS },
  scan: {
    model: NOUNS,
    batch: THE_SEAM,
    errno: 'signals carry Linux errno numbers',
    plan: 'order.ts: the seeded permutation; portNames.ts: which ports have a service',
    probe: 'what is sent, and the TTL that it starts with',
    match: 'the matching engine',
    timing: 'pace, RTT, templates',
    packet: BYTES,
  },
  trace: {
    model: NOUNS,
    batch: THE_SEAM,
    errno: 'signals carry Linux errno numbers',
    probe: 'what is sent, and the tokens that quotes are known by',
    match: 'what ICMP errors mean, hop distances',
    packet: BYTES,
  },
  discover: {
    model: NOUNS,
    batch: THE_SEAM,
    errno: 'signals carry Linux errno numbers',
    plan: 'order.ts and the ports of discovery.ts',
    match: 'the matching engine, confidences, what ICMP errors mean',
    scan: 'rows, queues and deadlines',
    timing: 'pace, templates',
  },
  sim: {
    packet: 'the simulator speaks bytes',
    model: NOUNS,
    batch: 'kernel.ts makes signals as a kernel would',
    errno: 'Linux errno numbers',
    errors: 'mistakes in a world file',
  },
  wire: {
    packet: BYTES,
    probe: 'frame.ts: a wire of packets writes the probes',
    model: NOUNS,
    batch: THE_SEAM,
    errno: 'Linux errno numbers of failed sends',
    errors: 'a wire that cannot be had',
    sim: 'simWire.ts and openSimulation.ts: a wire over a network in memory',
    'node:*': 'the only network I/O',
    'p-limit': 'bounds open connects',
  },
  record: {
    packet: 'captures, and packets drawn of what sockets said',
    probe: 'frame.ts: the packets that ask',
    match: 'what was made of a received row',
    plan: 'savedPlan.ts: the plan in the head of a recording',
    drive: 'TurnObserver: what a recorder sees of the loop',
    trace: 'the ids of its probes and answers',
    model: NOUNS,
    batch: THE_SEAM,
    errno: 'signals carry Linux errno numbers',
  },
  explain: {
    packet: BYTES,
    model: NOUNS,
    probe: 'what requests of others ask, and which ports are services',
    match: 'the meaning of ICMP errors, and distances',
  },
  report: {
    plan: 'how large a run may be computed again',
    packet: 'IP protocol numbers',
    model: NOUNS,
    explain: 'the findings of a capture, and the table of known causes',
  },
  explainCapture: {
    packet: 'the readers of captures and link layers',
    explain: 'the engine',
    report: 'findings in words',
    errors: 'a file that is no capture',
    version: 'the version in reports',
  },
  drive: { model: NOUNS, batch: THE_SEAM },
  feed: {},
  drivenRun: {
    model: NOUNS,
    drive: 'the loop',
    scan: 'what a scheduler tells of its progress',
    wire: 'which wire it is',
  },
  scanRun: {
    model: NOUNS,
    feed: 'verdicts for those who iterate',
    finishedRun: 'the report of a run',
    report: 'the records of a report',
  },
  randomSeed: { 'node:*': 'the randomness of the system' },
  finishedRun: {
    model: NOUNS,
    drive: 'the loop of the check by ordinary sockets',
    plan: 'the seed as text',
    report: 'the records of a report',
    scan: 'what the scheduler found',
    version: 'the version in reports',
    wire: 'which wire it was',
  },
  hopNames: {
    model: NOUNS,
    'node:*': 'reverse look-ups',
    'p-limit': 'bounds them',
  },
  traceProgress: {
    model: NOUNS,
    batch: 'the number of a protocol',
    trace: 'what is looked into',
  },
  traceRun: {
    model: NOUNS,
    askedHops: 'routers that are asked behind the traces',
    drive: 'the loop',
    errors: "the user's mistakes, and a wire that sees no senders",
    feed: 'paths on their way to a reader',
    hopNames: 'names of hops',
    plan: 'the request',
    portTraces: 'the traces and their report',
    record: 'the recorder, as a type',
    recording: 'records a run',
    report: 'the records of a report',
    trace: 'the longest path',
    traceChecks: 'what it cannot be asked for',
    traceProgress: 'how far it is',
    wire: 'opens the wire',
  },
  traceChecks: {
    model: NOUNS,
    errors: "the user's mistakes",
    wire: 'how many source ports there are at most',
  },
  portTraces: {
    model: NOUNS,
    match: 'who is told of matches, a type',
    plan: 'the seed as text',
    report: 'the records of a report',
    trace: 'the traceroute',
    version: 'the version in reports',
    wire: 'which wire it was',
  },
  askedHops: {
    model: NOUNS,
    plan: 'the seed as numbers',
    probe: 'the draw of a control port',
    report: 'findings in words',
    trace: 'which routers, and what follows from their answers',
  },
  finishedDiscovery: {
    model: NOUNS,
    discover: 'what the engine found',
    report: 'the records of a report',
    wire: 'which wire it was',
  },
  filteredPaths: {
    model: NOUNS,
    finishedRun: 'the report of the scan',
    report: 'ports that fail alike',
  },
  traceFiltered: {
    model: NOUNS,
    filteredPaths: 'which ports, and what their paths add',
    plan: 'the request',
    report: 'ports that fail alike',
    trace: 'how many ids a trace takes',
    traceRun: 'runs of traces',
  },
  recording: {
    model: NOUNS,
    finishedRun: 'the verdicts in the recording',
    plan: 'savedPlan.ts: the plan in the head of a recording',
    record: 'the recorder',
    report: 'verdicts as JSON',
    version: 'the version in the recording',
    wire: 'which wire it was',
  },
  openedRecording: {
    model: NOUNS,
    drive: 'the loop',
    errors: 'a file that holds no run',
    record: 'reads recordings',
    version: 'whether it is the version of the recording',
    wire: 'what a run has to know of its wire, a type',
  },
  replayedTraces: {
    model: NOUNS,
    openedRecording: 'the recording',
    portTraces: 'the traces and their report',
    recording: 'paths as they stand in a recording',
    trace: 'what a trace has seen, a type',
  },
  replayedDiscovery: {
    model: NOUNS,
    discover: 'the engine that finds hosts',
    finishedDiscovery: 'the report of a discovery',
    finishedRun: 'what is known of a run when it begins',
    openedRecording: 'the recording',
    recording: 'hosts as they stand in a recording',
  },
  replayedRun: {
    model: NOUNS,
    askedHops: 'routers that were asked behind the traces',
    replayedDiscovery: 'a recording of a discovery',
    filteredPaths: 'the paths of filtered ports behind a scan',
    errors: 'a file that holds no run',
    finishedRun: 'the report of a run',
    openedRecording: 'the recording',
    portTraces: 'how many traces a run has at most',
    recording: 'verdicts as they stand in a recording',
    replayedTraces: 'a recording of traces',
    report: 'the records of a report',
    scan: 'the scheduler',
  },
  index: {
    askedHops: 'a type of its callback',
    trace: 'how many ids a trace takes',
    filteredPaths: 'the paths of filtered ports in the report',
    traceFiltered: 'traces filtered ports',
    traceRun: 'runs of traces',
    explain: 'types of its report',
    explainCapture: 'a capture to its report',
    packet: 'addresses that narrow a capture',
    record: 'the recorder of a run, as a type',
    recording: 'records a run',
    scanRun: 'a run as its caller sees it',
    replayedRun: 'computes a recorded run again',
    model: NOUNS,
    discover: 'the engine that finds hosts',
    feed: 'verdicts and hosts for those who iterate',
    finishedDiscovery: 'the report of a discovery',
    finishedRun: 'the report of a run',
    drivenRun: 'drives a run, watched',
    errors: 'public errors',
    plan: 'text -> plan',
    randomSeed: 'the seed of a run that names none',
    report: 'the records and writers',
    scan: 'the scheduler',
    version: 'the version in reports',
    wire: 'opens the best wire',
    'node:*': 'name look-ups',
    'p-limit': 'bounds name look-ups',
  },
  cli: {
    index: 'the first customer of the library',
    'node:*': 'streams, files, signals of the process',
    commander: 'parses the options',
  },
};

/** Files of a part that alone may have an arrow. */
const ONLY_IN: readonly (readonly [part: string, to: string, files: RegExp])[] = [
  ['wire', 'sim', /^(simWire|simNeighbours|openSimulation|openWire)\.ts$/],
  ['scan', 'plan', /^(asking|portRanks)\.ts$/],
  ['discover', 'plan', /^asking\.ts$/],
  ['sim', 'batch', /^(kernel.*|signals|sockets)\.ts$/],
];

function arrowOf(path: string, specifier: string): string {
  if (specifier.startsWith('node:')) return 'node:*';
  if (!specifier.startsWith('.')) return specifier;
  return partOf(posix.join(posix.dirname(path), specifier));
}

const arrows = sources.flatMap((source) =>
  importsOf(source).map((specifier) => ({
    path: source.path,
    from: partOf(source.path),
    to: arrowOf(source.path, specifier),
    specifier,
  })),
);

describe('arrows between the parts', () => {
  it('every part of src is in the table', () => {
    const parts = new Set(sources.map(({ path }) => partOf(path)));
    expect([...parts].filter((part) => !Object.hasOwn(ARROWS, part))).toEqual([]);
  });

  it('are those of the table', () => {
    const wrong = arrows
      .filter(({ from, to }) => from !== to && ARROWS[from]?.[to] === undefined)
      .map(({ path, specifier }) => `${path} imports ${specifier}`);
    expect(wrong).toEqual([]);
  });

  it('that only some files need are in no other', () => {
    const wrong = ONLY_IN.flatMap(([part, to, files]) =>
      arrows
        .filter((arrow) => arrow.from === part && arrow.to === to)
        .filter(({ path }) => !files.test(posix.basename(path)))
        .map(({ path }) => `${path} imports from ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it('all of the table are in use: a permission that nobody needs is taken back', () => {
    const used = new Set(arrows.map(({ from, to }) => `${from} -> ${to}`));
    const unused = Object.entries(ARROWS).flatMap(([from, targets]) =>
      Object.keys(targets)
        .map((to) => `${from} -> ${to}`)
        .filter((arrow) => !used.has(arrow)),
    );
    // Allowed to parts that have no need of them yet.
    const RESERVED = ['timing -> model', 'scan -> packet'];
    expect(unused.filter((arrow) => !RESERVED.includes(arrow))).toEqual([]);
  });

  it('end in .ts where they are relative', () => {
    const wrong = arrows.filter(
      ({ specifier }) => specifier.startsWith('.') && !specifier.endsWith('.ts'),
    );
    expect(wrong.map(({ path, specifier }) => `${path}: ${specifier}`)).toEqual([]);
  });
});

describe('clocks, timers and randomness', () => {
  const FORBIDDEN =
    /^(Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|crypto|Math\.random|process\.hrtime.*)$/;
  const MAY: ReadonlySet<string> = new Set(['wire', 'index', 'traceRun', 'cli', 'randomSeed']);

  it('are only where the network or a person is', () => {
    const wrong = sources
      .filter(({ path }) => !MAY.has(partOf(path)))
      .flatMap((source) =>
        [...namesOf(source)]
          .map((name) => name.replace(/^globalThis\./, ''))
          .filter((name) => FORBIDDEN.test(name) || FORBIDDEN.test(name.split('.')[0]!))
          .map((name) => `${source.path} uses ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  it('the rule sees what it looks for', () => {
    const wire = sources.filter(({ path }) => partOf(path) === 'wire');
    const names = new Set(wire.flatMap((source) => [...namesOf(source)]));
    expect(names.has('setTimeout')).toBe(true);
    expect(names.has('performance.now')).toBe(true);
  });
});
