/**
 * Packets as a Linux 6.18 host, router and server exchanged them, one header a line; and the tools to speak of bytes.
 *
 * 10.9.1.1 and fd00:1::1 ask, 10.9.1.2 and fd00:1::2 route, 10.9.2.1 and fd00:2::1 answer.
 */

/** Bytes of hex text; space between is for the reader. */
export function hex(...lines: readonly string[]): Uint8Array {
  const digits = lines.join('').replace(/\s+/g, '');
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`not hex: ${digits}`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Memory in which a forgotten byte shows. */
export function dirty(length: number): Uint8Array {
  return new Uint8Array(length).fill(0xa5);
}

/** What an emitter wrote at offset 7 of dirty memory; fails when it touched anything around it. */
export function emitted(emit: (out: Uint8Array, at: number) => number): Uint8Array {
  const out = dirty(4096);
  const at = 7;
  const length = emit(out, at);
  const around = [...out.subarray(0, at), ...out.subarray(at + length)];
  if (around.some((byte) => byte !== 0xa5)) throw new Error('wrote outside of its span');
  return out.slice(at, at + length);
}

/** RFC 1071 the slow way: word by word, end-around carry after each addition. */
export function slowChecksum(...spans: readonly Uint8Array[]): number {
  const bytes = spans.flatMap((span) => [...span]);
  if (bytes.length % 2 === 1) bytes.push(0);
  let total = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    total += bytes[i]! * 256 + bytes[i + 1]!;
    if (total >= 65536) total -= 65535;
  }
  return 65535 - total;
}

export const udp4: Uint8Array = hex(
  '45000021 a0574000 40118361 0a090101 0a090201',
  'd03d0009 000dd4a7',
  '68656c6c6f',
);

export const udp6: Uint8Array = hex(
  '60021528 000d1140 fd000001000000000000000000000001 fd000002000000000000000000000001',
  'd6860009 000deb6b',
  '68656c6c6f',
);

export const syn4: Uint8Array = hex(
  '4500003c b2304000 40067178 0a090101 0a090201',
  'ebe61f90 42aae17b 00000000 a002ff00 538b0000',
  '02040550 0402 080aec35c2ee00000000 01 03030a',
);

export const synAck4: Uint8Array = hex(
  '4500003c 00004000 3f0624a9 0a090201 0a090101',
  '1f90ebe6 1f1d0495 42aae17c a012fcc0 9e6d0000',
  '02040550 0402 080a18117b89ec35c2ee 01 03030a',
);

export const reset4: Uint8Array = hex(
  '45000028 00004000 3f0624bd 0a090201 0a090101',
  '1f9184c8 00000000 18c299aa 50140000 41f70000',
);

export const syn6: Uint8Array = hex(
  '6002c5b7 00280640 fd000001000000000000000000000001 fd000002000000000000000000000001',
  '939c1f90 515e9614 00000000 a002fb40 c1f00000',
  '0204053c 0402 080a75ac80f100000000 01 03030a',
);

export const synAck6: Uint8Array = hex(
  '600fe47d 0028063f fd000002000000000000000000000001 fd000001000000000000000000000001',
  '1f90939c a5ac9045 515e9615 a012fe30 ecc40000',
  '0204053c 0402 080a63ab388d75ac80f1 01 03030a',
);

export const reset6: Uint8Array = hex(
  '600bd990 0014063f fd000002000000000000000000000001 fd000001000000000000000000000001',
  '1f9197c4 00000000 947e27e9 50140000 420d0000',
);

/** The server about `udp4`. */
export const portUnreachable4: Uint8Array = hex(
  '45c0003d 175b0000 3f014c92 0a090201 0a090101',
  '0303142f 00000000',
  '45000021 a0574000 3f118461 0a090101 0a090201',
  'd03d0009 000dd4a7',
  '68656c6c6f',
);

/** The server about `udp6`. */
export const portUnreachable6: Uint8Array = hex(
  '600d3c72 003d3a3f fd000002000000000000000000000001 fd000001000000000000000000000001',
  '01047e25 00000000',
  '60021528 000d113f fd000001000000000000000000000001 fd000002000000000000000000000001',
  'd6860009 000deb6b',
  '68656c6c6f',
);

/** The router's REJECT of a datagram to port 7777. */
export const adminProhibited4: Uint8Array = hex(
  '45c0003e 9fec0000 4001c3fe 0a090102 0a090101',
  '030d1426 00000000',
  '45000022 a96f4000 3f117b48 0a090101 0a090201',
  'b7571e61 000ed5f8',
  '61646d696e3f',
);

export const adminProhibited6: Uint8Array = hex(
  '60041895 003e3a40 fd000001000000000000000000000002 fd000001000000000000000000000001',
  '010175a3 00000000',
  '60011dad 000e113f fd000001000000000000000000000001 fd000002000000000000000000000001',
  'ccd61e61 000edd86',
  '61646d696e3f',
);

/** The router about a datagram whose TTL was 1. */
export const timeExceeded4: Uint8Array = hex(
  '45c00041 9ffb0000 4001c3ec 0a090102 0a090101',
  '0b000c36 00000000',
  '45000025 2c204000 01113695 0a090101 0a090201',
  '8d79829a 00117ec2',
  '787878787878787878',
);

export const timeExceeded6: Uint8Array = hex(
  '600afd9a 00413a40 fd000001000000000000000000000002 fd000001000000000000000000000001',
  '03007bd3 00000000',
  '600215b8 00111101 fd000001000000000000000000000001 fd000002000000000000000000000001',
  'c07d829a 001168cb',
  '787878787878787878',
);

/** The router about 1380 bytes of `z` for a link of 1400; Linux quotes up to 576 bytes in all. */
export const fragmentationNeeded4: Uint8Array = hex(
  '45c00240 a0010000 4001c1e7 0a090102 0a090101',
  '0304cdce 00000578',
  '45000580 ab5b4000 401172fe 0a090101 0a090201',
  'bc110009 056c03ca',
  '7a'.repeat(520),
);

/** The same for IPv6, up to 1280 bytes in all. */
export const packetTooBig6: Uint8Array = hex(
  '60010aa9 04d83a40 fd000001000000000000000000000002 fd000001000000000000000000000001',
  '0200f8ce 00000578',
  '600a7249 056c1140 fd000001000000000000000000000001 fd000002000000000000000000000001',
  'e0fe0009 056cfbe9',
  '7a'.repeat(1184),
);

/** The router's REJECT of a SYN to port 7778, port-unreachable for TCP. */
export const portUnreachableTcp4: Uint8Array = hex(
  '45c00058 a0070000 4001c3c9 0a090102 0a090101',
  '0303143f 00000000',
  '4500003c b56b4000 3f066f3d 0a090101 0a090201',
  'ae601e62 4037ba28 00000000 a002ff00 38130000',
  '02040550 0402 080a893fa9d700000000 01 03030a',
);

/** Every packet above, by name. */
export const goldenPackets: Readonly<Record<string, Uint8Array>> = {
  udp4,
  udp6,
  syn4,
  synAck4,
  reset4,
  syn6,
  synAck6,
  reset6,
  portUnreachable4,
  portUnreachable6,
  adminProhibited4,
  adminProhibited6,
  timeExceeded4,
  timeExceeded6,
  fragmentationNeeded4,
  packetTooBig6,
  portUnreachableTcp4,
};
