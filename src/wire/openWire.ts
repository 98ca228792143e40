/** Opens the best wire for the privilege and the platform, or the one that was asked for, and says why. */
import { readFileSync } from 'node:fs';
import { ProbeError, UsageError } from '../errors.ts';
import type { Ip, Plan, TargetTable, Wire } from '../model.ts';
import { classifyIp } from '../packet/address.ts';
import { openErrqueueWire } from './errqueueWire.ts';
import { localAddresses } from './localInterfaces.ts';
import { loadNative } from './native.ts';

/** A wire, and what the run has to know of it. */
export interface OpenedWire {
  readonly wire: Wire;
  /** Addresses that are ours, in the world of this wire. */
  readonly ownAddresses: ReadonlySet<Ip>;
  /** The reserved source port of a wire of packets, 0 on socket wires. */
  readonly srcPort: number;
  readonly warnings: readonly string[];
  /** Zeroed memory for the state of a run, in bytes: in large pages where this machine has them. */
  readonly allocate?: (bytes: number) => ArrayBuffer;
  /** Of a wire that passes our own firewall by: opens one of ordinary sockets in the same world, null where none can be had. */
  readonly ordinary?: () => Wire | null;
}

/** Source ports of a trace: the asked flow and seven more, which miss one of two equal ways 1 time in 128. */
const TRACE_LANES = 8;
/** Most source ports of a run: the packet filter compares each, and `--flows` asks for no more. */
export const MAX_LANES = 32;

/** Kinds that `--wire` takes; `sim:FILE` besides. */
const KINDS: ReadonlySet<string> = new Set(['auto', 'packet', 'raw-socket', 'errqueue', 'connect']);

/** What the connect wire cannot tell, for the report. */
const CONNECT_LIMITS =
  'plain sockets see no sender of an ICMP error and no difference between a reset and a port-unreachable';

/** What the raw-socket wire cannot tell. */
const RAW_SOCKET_LIMITS =
  'raw sockets pass our own firewall and see no hop limit of an IPv6 answer';

/** Throws UsageError for a kind that does not exist, before anything is sent. */
export function checkWire(wire: string): void {
  if (KINDS.has(wire) || wire.startsWith('sim:')) return;
  throw new UsageError(
    `unknown wire '${wire}': auto, packet, raw-socket, errqueue, connect or sim:FILE`,
  );
}

/** How TCP was asked to be asked: `-sS`, `-sT`, or neither; a trace wants whole packets of UDP too. */
export type TcpBy = 'syn' | 'connect' | 'either' | 'packets';

/** Why a wire was chosen. */
const ERRQUEUE_NOTE = 'the kernel error queue names the sender of ICMP errors';
const PACKET_NOTE = 'TCP by SYN, whole packets seen';

/**
 * Whether a run is best served by packets: TCP that may be asked by SYN, of somebody else or on request. A datagram gets the same
 * answers from the error queue, which is opened and closed 14 ms faster; this machine is asked through its own sockets.
 */
function isForPackets({ groups, targets }: Plan, tcpBy: TcpBy): boolean {
  const asksTcp = groups.some(({ tcpPorts }) => tcpPorts.length > 0);
  if (tcpBy === 'connect' || !(asksTcp || tcpBy === 'packets')) return false;
  if (tcpBy === 'syn') return true;
  const own = ownAddresses(true);
  for (let target = 0; target < targets.count; target++) {
    const isLoopback =
      classifyIp(targets.bytes, target * 16, familyOf(targets, target)) === 'loopback';
    if (!isLoopback && !own.has(targets.ip(target))) return true;
  }
  return false;
}

/** The option that only a wire of packets can follow, as it was typed; null without one. */
function boundBy(
  { sending: { interface: name, sources, sourcePort }, passage }: Plan,
  asked: string,
): string | null {
  // A simulated wire may see packets.
  if (passage === true && !asked.startsWith('sim:')) return '--passage';
  if (name !== null) return `-e ${name}`;
  if (sources.length > 0) return `-S ${sources.map(({ ip }) => ip).join(',')}`;
  return sourcePort === null ? null : `-g ${sourcePort}`;
}

const familyOf = ({ families }: TargetTable, target: number): 4 | 6 =>
  families[target] === 6 ? 6 : 4;

/**
 * Opens a wire for the plan; for packets, with `leastLanes` source ports where it can have them. Throws ProbeError when an explicitly named one cannot be had, UsageError for a simulation
 * file that is none.
 */
export async function openWire(
  asked: string,
  plan: Plan,
  tcpBy: TcpBy = 'either',
  leastLanes = 1,
): Promise<OpenedWire> {
  checkWire(asked);
  const bound = boundBy(plan, asked);
  if (bound !== null && asked !== 'auto' && asked !== 'packet') {
    throw new UsageError(`${bound} needs packets of our own: not with --wire ${asked}`);
  }
  const wanted = Math.max(TRACE_LANES, Math.min(MAX_LANES, leastLanes));
  if (asked.startsWith('sim:')) return openSimulated(asked.slice(4), plan, wanted);
  if (asked === 'connect') return openConnect(plan, 'asked for');
  if (asked === 'raw-socket') return had(asked, null, await openRawSockets(plan, 'asked for'));
  const needsPackets = asked === 'packet' || bound !== null;
  if (needsPackets || (asked === 'auto' && isForPackets(plan, tcpBy))) {
    const lanes = tcpBy === 'packets' && plan.sending.sourcePort === null ? wanted : 1;
    const opened = await openPackets(plan, asked === 'packet' ? 'asked for' : PACKET_NOTE, lanes);
    if (needsPackets || 'wire' in opened) return had('packet', bound, opened);
  }
  if (asked === 'errqueue') return had(asked, null, openErrqueue(plan, 'asked for'));
  return openSockets(plan, tcpBy === 'connect');
}

/** The error queue, or what an addon that is missing leaves. */
async function openSockets(plan: Plan, connectRequested: boolean): Promise<OpenedWire> {
  const opened = openErrqueue(plan, ERRQUEUE_NOTE);
  if ('wire' in opened) return opened;
  const why = `no error queue (${opened.unavailable})`;
  const raw = connectRequested ? opened : await openRawSockets(plan, why);
  return 'wire' in raw ? raw : openConnect(plan, why);
}

type Unavailable = { readonly unavailable: string };

/** The wire that was asked for, or needed for the option `bound`. */
function had(kind: string, bound: string | null, opened: OpenedWire | Unavailable): OpenedWire {
  if ('wire' in opened) return opened;
  throw new ProbeError(
    'E_WIRE_UNAVAILABLE',
    `wire '${kind}'${bound === null ? '' : `, which ${bound} needs,`} cannot be had: ${opened.unavailable}`,
  );
}

const live = (wire: Wire, srcPort = 0): OpenedWire => ({
  wire,
  ...(wire.kind === 'connect' ? {} : { allocate }),
  ownAddresses: ownAddresses(wire.kind !== 'connect'),
  srcPort,
  warnings: [],
});

/** The usual size of a large page. Smaller memory stays in the cache. */
const LARGE_BYTES = 2 ** 21;

function allocate(bytes: number): ArrayBuffer {
  const loaded = bytes < LARGE_BYTES ? null : loadNative();
  const large = loaded !== null && 'addon' in loaded ? loaded.addon.largeMemory(bytes) : null;
  return large ?? new ArrayBuffer(bytes);
}

/** The addon knows those of interfaces without a carrier as well. */
function ownAddresses(hasNative: boolean): ReadonlySet<Ip> {
  const loaded = hasNative ? loadNative() : null;
  return localAddresses(loaded !== null && 'addon' in loaded ? loaded.addon : null);
}

/** Loaded only where it is used, as the wires below are: start-up is a feature. */
async function openPackets(
  plan: Plan,
  note: string,
  lanes: number,
): Promise<OpenedWire | Unavailable> {
  const { openPacketWire } = await import('./openPacketWire.ts');
  const opened = openPacketWire(plan, note, lanes);
  if ('unavailable' in opened) return opened;
  return {
    ...live(opened.wire, opened.srcPort),
    ordinary() {
      const sockets = openErrqueueWire({ targets: plan.targets });
      return 'unavailable' in sockets ? null : sockets;
    },
  };
}

async function openRawSockets(plan: Plan, note: string): Promise<OpenedWire | Unavailable> {
  const { loadRawSocket } = await import('./rawSocketPackage.ts');
  const loaded = await loadRawSocket();
  if ('unavailable' in loaded) return loaded;
  const { openRawSocketWire } = await import('./rawSocketWire.ts');
  const opened = openRawSocketWire(loaded.raw, plan, `${note}; ${RAW_SOCKET_LIMITS}`);
  if ('unavailable' in opened) return opened;
  const one = live(opened.wire, opened.srcPort);
  if ('addon' in loadNative()) return one;
  const { procAddresses } = await import('./rawSocketAddresses.ts');
  return { ...one, ownAddresses: new Set([...one.ownAddresses, ...procAddresses()]) };
}

function openErrqueue({ targets }: Plan, note: string): OpenedWire | Unavailable {
  const opened = openErrqueueWire({ targets, note });
  return 'unavailable' in opened ? opened : live(opened);
}

async function openConnect({ targets, sending }: Plan, why: string): Promise<OpenedWire> {
  if (sending.ttl !== null) {
    throw new ProbeError('E_WIRE_UNAVAILABLE', '--ttl cannot be had: plain sockets have none');
  }
  const { openConnectWire } = await import('./connectWire.ts');
  return live(openConnectWire({ targets, note: `${why}; ${CONNECT_LIMITS}` }));
}

async function openSimulated(text: string, plan: Plan, lanes: number): Promise<OpenedWire> {
  const [{ openSimulation, splitView }, { parseWorld }] = await Promise.all([
    import('./openSimulation.ts'),
    import('../sim/world.ts'),
  ]);
  const { file, view } = splitView(text);
  return openSimulation(plan, parseWorld(readSimulation(file), file), view, lanes);
}

function readSimulation(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`cannot read simulation file '${file}': ${code ?? 'unreadable'}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UsageError(`simulation file '${file}' is not JSON: ${(error as Error).message}`);
  }
}
