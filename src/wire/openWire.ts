/** Opens the best wire for the privilege and the platform, or the one that was asked for, and says why. */
import { readFileSync } from 'node:fs';
import { ProbeError, UsageError } from '../errors.ts';
import type { Ip, Plan, Wire } from '../model.ts';
import { openErrqueueWire } from './errqueueWire.ts';
import { localAddresses } from './localInterfaces.ts';
import { loadNative, type NativeAddon } from './native.ts';

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

/** Throws UsageError for a kind that does not exist, before anything is sent. */
export function checkWire(wire: string): void {
  if (KINDS.has(wire) || wire.startsWith('sim:')) return;
  throw new UsageError(
    `unknown wire '${wire}': auto, packet, raw-socket, errqueue, connect or sim:FILE`,
  );
}

/**
 * Opens a wire for the plan. Throws ProbeError when an explicitly named one cannot be had, UsageError for a simulation
 * file that is none.
 */
export async function openWire(asked: string, plan: Plan): Promise<OpenedWire> {
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
  const live = (wire: Wire, native: NativeAddon | null): OpenedWire => ({
    wire,
    ownAddresses: localAddresses(native),
    srcPort: 0,
    warnings: [],
  });
  // Loaded only where it is used: start-up is a feature.
  const openConnect = async (why: string): Promise<OpenedWire> => {
    const { openConnectWire } = await import('./connectWire.ts');
    return live(openConnectWire({ targets, note: `${why}; ${CONNECT_LIMITS}` }), null);
  };
  if (asked === 'connect') return openConnect('asked for');
  if (asked === 'packet' || asked === 'raw-socket') {
    throw new ProbeError('E_WIRE_UNAVAILABLE', `wire '${asked}' is not built yet`);
  }
  const opened = openErrqueueWire({
    targets,
    note:
      asked === 'errqueue' ? 'asked for' : 'the kernel error queue names the sender of ICMP errors',
  });
  if (!('unavailable' in opened)) {
    const loaded = loadNative();
    return live(opened, 'addon' in loaded ? loaded.addon : null);
  }
  if (asked === 'errqueue') {
    throw new ProbeError(
      'E_WIRE_UNAVAILABLE',
      `wire 'errqueue' cannot be had: ${opened.unavailable}`,
    );
  }
  return openConnect(`no error queue (${opened.unavailable})`);
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
