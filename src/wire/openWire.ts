/** Opens the best wire for the privilege and the platform, or the one that was asked for, and says why. */
import { readFileSync } from 'node:fs';
import { ProbeError, UsageError } from '../errors.ts';
import type { Ip, Plan, TargetTable, Wire } from '../model.ts';
import { classifyIp } from '../packet/address.ts';
import { openErrqueueWire } from './errqueueWire.ts';
import { localAddresses } from './localInterfaces.ts';
import type { OpenedRawSocketWire } from './rawSocketWire.ts';

/** A wire, and what the run has to know of it. */
export interface OpenedWire {
  readonly wire: Wire;
  /** Addresses that are ours, in the world of this wire. */
  readonly ownAddresses: ReadonlySet<Ip>;
  /** The reserved source port of a wire of packets, 0 on socket wires. */
  readonly srcPort: number;
  readonly warnings: readonly string[];
}

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

/** Why the packet wire was chosen. */
const PACKET_NOTE = 'TCP by SYN, whole packets seen';

/**
 * Whether a run is best served by packets: TCP that may be asked by SYN, of somebody else. A datagram gets the same
 * answers from the error queue, which is opened and closed 14 ms faster; this machine is asked through its own sockets.
 */
function isForPackets({ groups, targets }: Plan, connectRequested: boolean): boolean {
  if (connectRequested || !groups.some(({ tcpPorts }) => tcpPorts.length > 0)) return false;
  const own = localAddresses();
  for (let target = 0; target < targets.count; target++) {
    const isLoopback =
      classifyIp(targets.bytes, target * 16, familyOf(targets, target)) === 'loopback';
    if (!isLoopback && !own.has(targets.ip(target))) return true;
  }
  return false;
}

const familyOf = ({ families }: TargetTable, target: number): 4 | 6 =>
  families[target] === 6 ? 6 : 4;

/**
 * Opens a wire for the plan. Throws ProbeError when an explicitly named one cannot be had, UsageError for a simulation
 * file that is none.
 */
export async function openWire(
  asked: string,
  plan: Plan,
  connectRequested = false,
): Promise<OpenedWire> {
  checkWire(asked);
  if (asked.startsWith('sim:')) {
    const [{ openSimulation, splitView }, { parseWorld }] = await Promise.all([
      import('./openSimulation.ts'),
      import('../sim/world.ts'),
    ]);
    const { file, view } = splitView(asked.slice(4));
    return openSimulation(plan, parseWorld(readSimulation(file), file), view);
  }
  const { targets } = plan;
  const live = (wire: Wire, warnings: readonly string[] = []): OpenedWire => ({
    wire,
    ownAddresses: localAddresses(),
    srcPort: 0,
    warnings,
  });
  // Loaded only where it is used: start-up is a feature.
  const openConnect = async (why: string): Promise<OpenedWire> => {
    const { openConnectWire } = await import('./connectWire.ts');
    return live(openConnectWire({ targets, note: `${why}; ${CONNECT_LIMITS}` }));
  };
  if (asked === 'connect') return openConnect('asked for');
  if (asked === 'raw-socket') {
    const opened = await openRawSockets(plan, 'asked for');
    if ('unavailable' in opened) throw cannotBeHad(asked, opened.unavailable);
    return { ...live(opened.wire), srcPort: opened.srcPort };
  }
  if (asked === 'packet' || (asked === 'auto' && isForPackets(plan, connectRequested))) {
    const { openPacketWire } = await import('./openPacketWire.ts');
    const opened = openPacketWire(plan, asked === 'packet' ? 'asked for' : PACKET_NOTE);
    if (!('unavailable' in opened)) return { ...live(opened.wire), srcPort: opened.srcPort };
    if (asked === 'packet') throw cannotBeHad(asked, opened.unavailable);
  }
  const opened = openErrqueueWire({
    targets,
    note:
      asked === 'errqueue' ? 'asked for' : 'the kernel error queue names the sender of ICMP errors',
  });
  if (!('unavailable' in opened)) return live(opened);
  if (asked === 'errqueue') throw cannotBeHad(asked, opened.unavailable);
  const why = `no error queue (${opened.unavailable})`;
  const raw = connectRequested ? undefined : await openRawSockets(plan, why);
  if (raw === undefined || 'unavailable' in raw) return openConnect(why);
  return { ...live(raw.wire), srcPort: raw.srcPort };
}

/** Opens the wire of the npm package raw-socket, which is loaded for it. */
async function openRawSockets(
  plan: Plan,
  note: string,
): Promise<OpenedRawSocketWire | { readonly unavailable: string }> {
  const { loadRawSocket } = await import('./rawSocketPackage.ts');
  const loaded = await loadRawSocket();
  if ('unavailable' in loaded) return loaded;
  const { openRawSocketWire } = await import('./rawSocketWire.ts');
  return openRawSocketWire(loaded.raw, plan, `${note}; ${RAW_SOCKET_LIMITS}`);
}

const cannotBeHad = (wire: string, why: string): ProbeError =>
  new ProbeError('E_WIRE_UNAVAILABLE', `wire '${wire}' cannot be had: ${why}`);

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
