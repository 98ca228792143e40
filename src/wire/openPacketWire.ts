/** Opens the packet wire, or says why it cannot be had: no addon, no privilege, no memory for the ring. */
import { readFileSync } from 'node:fs';
import type { Plan, Wire } from '../model.ts';
import { TOKEN, tokenWord } from '../probe/token.ts';
import { loadNative, type NativeAddon, type NativePacketPort } from './native.ts';
import { packetFilter } from './packetFilter.ts';
import { createPacketWire } from './packetWire.ts';

/** An open packet wire and the port that it has reserved. */
export interface OpenedPacketWire {
  readonly wire: Wire;
  readonly srcPort: number;
}

/** Runs from this size on get a ring: to open and close it costs more than a plain socket does, packets cost less. */
const RING_FROM_PROBES = 256;
/** 50,000 answers, a quarter of a second at the highest rate that was seen; making 32 MiB takes 50 to 90 ms, these 20. */
const RING_BYTES = 8 * 1024 * 1024;
/** Source ports are drawn from the range that clients use (RFC 6335 section 6), clear of Linux's own ephemeral ports' end. */
const FIRST_PORT = 49_152;
const PORT_COUNT = 11_000;
/** Draws before we believe that no port is free. */
const MAX_DRAWS = 32;

/** Opens the wire for a plan. */
export function openPacketWire(
  plan: Plan,
  note: string,
): OpenedPacketWire | { readonly unavailable: string } {
  const loaded = loadNative();
  if ('unavailable' in loaded) return loaded;
  const { addon: native } = loaded;
  const { sourcePort } = plan.sending;
  const interfaceIndex = indexOf(plan.sending.interface);
  const ringBytes = plan.space.count >= RING_FROM_PROBES ? RING_BYTES : 0;
  for (let draw = 0; draw < (sourcePort === null ? MAX_DRAWS : 1); draw++) {
    const srcPort = sourcePort ?? drawPort(plan, draw);
    const port = openPort(native, srcPort, ringBytes);
    if (typeof port === 'string') return { unavailable: port };
    if (native.packetReserve(port, srcPort) === srcPort) {
      const wire = createPacketWire({ native, port, srcPort, plan, interfaceIndex, note });
      return { wire, srcPort };
    }
    native.packetClose(port);
  }
  return {
    unavailable: `source port ${sourcePort ?? `in ${MAX_DRAWS} draws`} is not free on this machine`,
  };
}

function drawPort({ seed }: Plan, draw: number): number {
  return FIRST_PORT + (tokenWord(seed[0], seed[1], draw, TOKEN.SOURCE_PORT) % PORT_COUNT);
}

/** The kernel's number of an interface that was there when the plan was made; 0 without one. */
function indexOf(name: string | null): number {
  return name === null ? 0 : Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'latin1'));
}

function openPort(
  native: NativeAddon,
  srcPort: number,
  ringBytes: number,
): NativePacketPort | string {
  try {
    return native.packetOpen(packetFilter(srcPort), ringBytes);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'EPERM' ? 'it needs CAP_NET_RAW' : message;
  }
}
