/** Opens the packet wire, or says why it cannot be had: no addon, no privilege, no memory for the ring. */
import { readFileSync } from 'node:fs';
import type { Plan, Wire } from '../model.ts';
import { loadNative, type NativeAddon, type NativePacketPort } from './native.ts';
import { packetFilter } from './packetFilter.ts';
import { createPacketWire } from './packetWire.ts';
import { drawSourcePort, MAX_PORT_DRAWS } from './sourcePort.ts';

/** An open packet wire and the port that it has reserved. */
export interface OpenedPacketWire {
  readonly wire: Wire;
  readonly srcPort: number;
}

/** Runs from this size on get a ring: to open and close it costs more than a plain socket does, packets cost less. */
const RING_FROM_PROBES = 256;
/** 50,000 answers, a quarter of a second at the highest rate that was seen; making 32 MiB takes 50 to 90 ms, these 20. */
const RING_BYTES = 8 * 1024 * 1024;
/** Opens the wire for a plan, with so many source ports one behind the other. */
export function openPacketWire(
  plan: Plan,
  note: string,
  lanes = 1,
): OpenedPacketWire | { readonly unavailable: string } {
  const loaded = loadNative();
  if ('unavailable' in loaded) return loaded;
  const { addon: native } = loaded;
  const { sourcePort } = plan.sending;
  const interfaceIndex = indexOf(plan.sending.interface);
  const ringBytes = plan.space.count >= RING_FROM_PROBES ? RING_BYTES : 0;
  for (let draw = 0; draw < (sourcePort === null ? MAX_PORT_DRAWS : 1); draw++) {
    const srcPort = sourcePort ?? drawSourcePort(plan.seed, draw);
    const port = openPort(native, packetFilter(srcPort, lanes), ringBytes);
    if (typeof port === 'string') return { unavailable: port };
    const ports = Array.from({ length: lanes }, (_, lane) => srcPort + lane);
    if (ports.every((one) => native.packetReserve(port, one) === one)) {
      const wire = createPacketWire({ native, port, srcPort, lanes, plan, interfaceIndex, note });
      return { wire, srcPort };
    }
    native.packetClose(port);
  }
  return {
    unavailable: `source port ${sourcePort ?? `in ${MAX_PORT_DRAWS} draws`} is not free on this machine`,
  };
}

/** The kernel's number of an interface that was there when the plan was made; 0 without one. */
function indexOf(name: string | null): number {
  return name === null ? 0 : Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'latin1'));
}

function openPort(
  native: NativeAddon,
  filter: Uint8Array,
  ringBytes: number,
): NativePacketPort | string {
  try {
    return native.packetOpen(filter, ringBytes);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'EPERM' ? 'it needs CAP_NET_RAW' : message;
  }
}
