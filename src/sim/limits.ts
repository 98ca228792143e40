/**
 * What the scanner's own machine has too little of. Sockets are hit by it; a wire of packets only by the receive buffer.
 */
import { formatIp } from '../packet/address.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';
import type { Flight } from './flight.ts';
import { type PortRange, parsePortRange } from './rules.ts';
import { failAt, type JsonPlace, openObject, readNumber } from './strictJson.ts';

/** Null: as much as is wanted. */
export interface Limits {
  /** Files that the process may have open (RLIMIT_NOFILE). */
  readonly descriptors: number | null;
  /** Local ports that the kernel chooses from (net.ipv4.ip_local_port_range); what listens at home holds its own. */
  readonly ports: PortRange | null;
  /** Flows that the own connection tracking still takes before its table is full. */
  readonly flows: number | null;
  /** Receive buffer of a UDP socket or ring, bytes (net.core.rmem_max). */
  readonly receiveBytes: number | null;
}

/** Parses `{ "descriptors": 64, "ports": "40000-40003", "flows": 0, "receiveBytes": 16384 }`, each optional. */
export function parseLimits(place: JsonPlace | undefined): Limits {
  if (place === undefined) return UNLIMITED;
  const at = openObject(place, ['descriptors', 'ports', 'flows', 'receiveBytes']);
  const read = (key: keyof Limits, min: number, max: number): number | null => {
    const item = at(key);
    return item === undefined ? null : readNumber(item, { min, max, whole: true }, 0);
  };
  const ports = parsePortRange(at('ports'));
  if (ports !== null && ports[0] < FIRST_USER_PORT) {
    failAt(at('ports')!, `ports from ${FIRST_USER_PORT} on are wanted here`);
  }
  return {
    descriptors: read('descriptors', PROCESS_DESCRIPTORS, 1 << 20),
    ports,
    flows: read('flows', 0, 1 << 20),
    receiveBytes: read('receiveBytes', LEAST_BUFFER_BYTES, 1 << 26),
  };
}

/** Enough of everything. */
const UNLIMITED: Limits = { descriptors: null, ports: null, flows: null, receiveBytes: null };
/** Linux chooses no port below net.ipv4.ip_unprivileged_port_start. */
const FIRST_USER_PORT = 1024;
/** What Node 20 has open before the first socket (seen in /proc/self/fd). */
export const PROCESS_DESCRIPTORS = 20;
/** The kernel gives no socket less: SOCK_MIN_RCVBUF, include/net/sock.h. */
const LEAST_BUFFER_BYTES = 2304;

/** Connection tracking with a table that is nearly full. */
export interface FlowTable {
  /** False: the packet begins a flow for which there is no room, and is dropped (nf_conntrack_in, NF_DROP). */
  admits(flight: Flight): boolean;
}

/** Creates the table with room for `free` flows; null: for all. */
export function createFlowTable(free: number | null): FlowTable {
  const known = new Set<string>();
  return {
    admits({ bytes, ip, srcPort, dstPort }) {
      if (free === null || (ip.protocol !== IP_PROTOCOL.TCP && ip.protocol !== IP_PROTOCOL.UDP)) {
        return true;
      }
      const dst = formatIp(bytes, ip.dstAt, ip.family);
      const flow = `${ip.protocol} ${srcPort} ${dst} ${dstPort}`;
      if (known.has(flow)) return true;
      if (known.size >= free) return false;
      known.add(flow);
      return true;
    },
  };
}

/** A receive buffer that its reader empties now and then. */
export interface ReceiveBuffer {
  /** Takes a message of this many bytes; false: there was no room, it is lost. */
  takes(lengthBytes: number): boolean;
  empty(): void;
  lost(): number;
}

/** What the kernel charges for a message besides its bytes: sk_buff and skb_shared_info, rounded up (x86-64). */
const OVERHEAD_BYTES = 768;

/** Creates an empty buffer. */
export function createReceiveBuffer(sizeBytes: number | null): ReceiveBuffer {
  let used = 0;
  let lost = 0;
  return {
    takes(lengthBytes) {
      if (sizeBytes === null) return true;
      // The last message may reach beyond the end (__udp_enqueue_schedule_skb, sock_queue_err_skb).
      if (used >= sizeBytes) {
        lost += 1;
        return false;
      }
      used += lengthBytes + OVERHEAD_BYTES;
      return true;
    },
    empty() {
      used = 0;
    },
    lost: () => lost,
  };
}
