/**
 * The classic BPF program of a packet wire: only what may be an answer to this run leaves the kernel.
 *
 * TCP and UDP to our reserved port, ICMP and ICMPv6 errors and echo replies, ARP replies and neighbour advertisements.
 * The program reads from the network header on (sockets of type SOCK_DGRAM), so it fits every kind of link.
 */

/** Operation codes of linux/filter.h that are used here. */
const OP = {
  LOAD_HALF: 0x28,
  LOAD_BYTE: 0x30,
  LOAD_HALF_INDEXED: 0x48,
  LOAD_BYTE_INDEXED: 0x50,
  /** x = 4 * (byte & 0xf): the length of an IPv4 header. */
  LOAD_IP_LENGTH: 0xb1,
  JUMP_EQUAL: 0x15,
  JUMP_SET: 0x45,
  RETURN: 0x06,
} as const;

/** Ancillary load of the EtherType (SKF_AD_OFF + SKF_AD_PROTOCOL). */
const ETHER_TYPE_AT = 0xfffff000;
/** Ethernet protocol numbers. */
export const ETHER_TYPE = { IPV4: 0x0800, ARP: 0x0806, IPV6: 0x86dd } as const;
const WHOLE_PACKET = 0x40000;

/** One instruction; jumps name labels. */
type Step =
  | { readonly label: string }
  | { readonly op: number; readonly k: number; readonly yes?: string; readonly no?: string };

const load = (op: number, k: number): Step => ({ op, k });
const label = (name: string): Step => ({ label: name });
/** Goes on with the next step where the accumulator is none of the values. */
const when = (values: readonly number[], yes: string): Step[] =>
  values.map((k) => ({ op: OP.JUMP_EQUAL, k, yes }));
const stop = (k: number): Step => ({ op: OP.RETURN, k });

/** Types that quote a packet, and echo replies (RFC 792, RFC 4443); 136 is a neighbour advertisement (RFC 4861). */
const ICMP4_TYPES = [0, 3, 4, 5, 11, 12];
const ICMP6_TYPES = [1, 2, 3, 4, 129, 136];
/** Extension headers that may stand before an answer: routing, fragment, destination options. */
const EXTENSIONS = [43, 44, 60];

/** The program for answers to `lanes` ports from `srcPort` on, as struct sock_filter in the byte order of the machine (little-endian wherever Node runs). */
export function packetFilter(srcPort: number, lanes = 1): Uint8Array {
  const ports = Array.from({ length: lanes }, (_, lane) => srcPort + lane);
  return assemble([
    load(OP.LOAD_HALF, ETHER_TYPE_AT),
    ...when([ETHER_TYPE.IPV4], 'v4'),
    ...when([ETHER_TYPE.IPV6], 'v6'),
    ...when([ETHER_TYPE.ARP], 'arp'),
    stop(0),

    label('v4'),
    load(OP.LOAD_HALF, 6),
    // Only a first fragment has ports or a type.
    { op: OP.JUMP_SET, k: 0x1fff, yes: 'drop' },
    load(OP.LOAD_IP_LENGTH, 0),
    load(OP.LOAD_BYTE, 9),
    ...when([6, 17], 'v4 port'),
    ...when([1], 'icmp4'),
    stop(0),
    label('v4 port'),
    load(OP.LOAD_HALF_INDEXED, 2),
    ...when(ports, 'take'),
    stop(0),
    label('icmp4'),
    load(OP.LOAD_BYTE_INDEXED, 0),
    ...when(ICMP4_TYPES, 'take'),
    stop(0),

    label('v6'),
    load(OP.LOAD_BYTE, 6),
    ...when([6, 17], 'v6 port'),
    ...when([58], 'icmp6'),
    ...when(EXTENSIONS, 'take'),
    stop(0),
    label('v6 port'),
    load(OP.LOAD_HALF, 42),
    ...when(ports, 'take'),
    stop(0),
    label('icmp6'),
    load(OP.LOAD_BYTE, 40),
    ...when(ICMP6_TYPES, 'take'),
    stop(0),

    label('arp'),
    load(OP.LOAD_HALF, 6),
    ...when([2], 'take'),
    label('drop'),
    stop(0),
    label('take'),
    stop(WHOLE_PACKET),
  ]);
}

function assemble(steps: readonly Step[]): Uint8Array {
  const labels = new Map<string, number>();
  const code: Exclude<Step, { label: string }>[] = [];
  for (const step of steps) {
    if ('label' in step) labels.set(step.label, code.length);
    else code.push(step);
  }
  const out = new DataView(new ArrayBuffer(code.length * 8));
  for (const [index, { op, k, yes, no }] of code.entries()) {
    const jump = (name: string | undefined): number =>
      name === undefined ? 0 : labels.get(name)! - index - 1;
    out.setUint16(index * 8, op, true);
    out.setUint8(index * 8 + 2, jump(yes));
    out.setUint8(index * 8 + 3, jump(no));
    out.setUint32(index * 8 + 4, k, true);
  }
  return new Uint8Array(out.buffer);
}
