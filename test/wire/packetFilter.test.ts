/** The filter of the packet wire, run by an interpreter of the few operations that it uses (linux/filter.h). */
import { describe, expect, test } from 'vitest';
import { packetFilter } from '../../src/wire/packetFilter.ts';

const OUR_PORT = 50_123;
const program = packetFilter(OUR_PORT);

/** Registers while the program runs; NaN once a load went behind the end. */
interface Registers {
  accumulator: number;
  index: number;
}

const byteOf = (packet: Uint8Array, at: number): number => packet[at] ?? Number.NaN;
const halfOf = (packet: Uint8Array, at: number): number =>
  byteOf(packet, at) * 256 + byteOf(packet, at + 1);

/** What each loading operation does. */
const LOADS: Readonly<Record<number, (r: Registers, k: number, packet: Uint8Array) => void>> = {
  40: (r, k, packet) => {
    r.accumulator = halfOf(packet, k);
  },
  48: (r, k, packet) => {
    r.accumulator = byteOf(packet, k);
  },
  72: (r, k, packet) => {
    r.accumulator = halfOf(packet, r.index + k);
  },
  80: (r, k, packet) => {
    r.accumulator = byteOf(packet, r.index + k);
  },
  177: (r, k, packet) => {
    r.index = 4 * (byteOf(packet, k) & 0xf);
  },
};
const JUMPS: Readonly<Record<number, (accumulator: number, k: number) => boolean>> = {
  21: (accumulator, k) => accumulator === k,
  69: (accumulator, k) => (accumulator & k) !== 0,
};
const RETURN = 6;
const ETHER_TYPE_AT = 0xfffff000;

/** Returns how many bytes of the packet pass; a load behind the end drops it, as in the kernel. */
function run(etherType: number, packet: Uint8Array): number {
  const code = new DataView(program.buffer);
  const registers: Registers = { accumulator: 0, index: 0 };
  for (let pc = 0; ; pc++) {
    const op = code.getUint16(pc * 8, true);
    const k = code.getUint32(pc * 8 + 4, true);
    if (op === RETURN) return k;
    const jump = JUMPS[op];
    if (jump !== undefined) pc += code.getUint8(pc * 8 + (jump(registers.accumulator, k) ? 2 : 3));
    else if (k === ETHER_TYPE_AT) registers.accumulator = etherType;
    else LOADS[op]!(registers, k, packet);
    if (Number.isNaN(registers.accumulator + registers.index)) return 0;
  }
}

const ip4 = (protocol: number, transport: readonly number[], fragment = 0, words = 5) => {
  const head = [0x40 | words, 0, 0, 0, 0, 0, fragment >> 8, fragment & 0xff, 64, protocol];
  return Uint8Array.from([...head, ...new Array<number>(words * 4 - 10).fill(0), ...transport]);
};
const ip6 = (next: number, transport: readonly number[]) =>
  Uint8Array.from([0x60, 0, 0, 0, 0, 0, next, 64, ...new Array<number>(32).fill(0), ...transport]);
const ports = (destination: number) => [0, 53, destination >> 8, destination & 0xff, 0, 0, 0, 0];

describe('the filter of the packet wire', () => {
  test.each<[string, number, Uint8Array, boolean]>([
    ['TCP to our port', 0x0800, ip4(6, ports(OUR_PORT)), true],
    ['UDP to our port behind IP options', 0x0800, ip4(17, ports(OUR_PORT), 0, 8), true],
    ['TCP to another port', 0x0800, ip4(6, ports(OUR_PORT + 1)), false],
    ['a first fragment', 0x0800, ip4(17, ports(OUR_PORT), 0x2000), true],
    ['a later fragment, which has no ports', 0x0800, ip4(17, ports(OUR_PORT), 0x0001), false],
    ['a destination unreachable', 0x0800, ip4(1, [3, 3, 0, 0]), true],
    ['an echo reply', 0x0800, ip4(1, [0, 0, 0, 0]), true],
    ['an echo request', 0x0800, ip4(1, [8, 0, 0, 0]), false],
    ['another protocol', 0x0800, ip4(47, ports(OUR_PORT)), false],
    ['TCP over IPv6 to our port', 0x86dd, ip6(6, ports(OUR_PORT)), true],
    ['UDP over IPv6 to another port', 0x86dd, ip6(17, ports(1)), false],
    ['packet too big', 0x86dd, ip6(58, [2, 0, 0, 0]), true],
    ['a neighbour advertisement', 0x86dd, ip6(58, [136, 0, 0, 0]), true],
    ['a neighbour solicitation', 0x86dd, ip6(58, [135, 0, 0, 0]), false],
    ['an answer behind a fragment header', 0x86dd, ip6(44, ports(1)), true],
    ['a multicast report behind hop-by-hop options', 0x86dd, ip6(0, [58, 0, 5, 2]), false],
    ['an ARP reply', 0x0806, Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 2), true],
    ['an ARP request', 0x0806, Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 1), false],
    ['LLDP', 0x88cc, ip4(6, ports(OUR_PORT)), false],
    ['a cut packet', 0x0800, Uint8Array.of(0x45, 0), false],
  ])('%s', (_, etherType, packet, passes) => {
    expect(run(etherType, packet) > 0).toBe(passes);
  });

  test('what passes, passes whole', () => {
    expect(run(0x0800, ip4(6, ports(OUR_PORT)))).toBeGreaterThanOrEqual(65_535);
  });
});
