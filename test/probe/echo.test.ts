import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sumIp } from '../../src/packet/checksum.ts';
import { createIcmpView, readIcmp } from '../../src/packet/icmp.ts';
import { createIpView, emitIp, readIp } from '../../src/packet/ip.ts';
import { checkTransport } from '../../src/packet/transport.ts';
import {
  ECHO_BYTES,
  echoSumOf,
  emitEcho,
  holdsEchoToken,
  writeEcho,
} from '../../src/probe/echo.ts';
import { attemptOfEchoSeq } from '../../src/probe/token.ts';

const word = fc.nat(0xffffffff);
const attempt = fc.integer({ min: 1, max: 15 });
const address = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** The packet of a request, written as a wire of packets does it. */
function packetOf(
  family: 4 | 6,
  asked: { keyHi: number; keyLo: number; probe: number; attempt: number },
  ends: { src: Uint8Array; dst: Uint8Array; id: number },
): Uint8Array {
  const message = new Uint8Array(ECHO_BYTES);
  writeEcho(message, 0, family, asked);
  const out = new Uint8Array(100);
  const at = emitIp(out, 0, family, {
    tos: 0,
    id: 1,
    dontFragment: true,
    flowLabel: 0,
    ttl: 64,
    protocol: family === 4 ? 1 : 58,
    src: ends.src,
    srcAt: 0,
    dst: ends.dst,
    dstAt: 0,
    payloadLength: ECHO_BYTES,
  });
  const length = emitEcho(out, at, family, {
    bytes: message,
    from: 0,
    id: ends.id,
    checksum: echoSumOf(asked.keyHi, asked.keyLo),
    addressSum: sumIp(ends.src, 0, family) + sumIp(ends.dst, 0, family),
  });
  return out.slice(0, at + length);
}

describe.each([4, 6] as const)('echo requests, IPv%i', (family) => {
  it('have one right checksum for all probes, attempts and addresses of a run', () => {
    const ends = fc.record({ src: address, dst: address, id: fc.nat(0xffff) });
    const asked = fc.record({ keyHi: word, keyLo: word, probe: word, attempt });
    fc.assert(
      fc.property(asked, ends, (one, at) => {
        const bytes = packetOf(family, one, at);
        const ip = createIpView();
        const icmp = createIcmpView();
        expect(readIp(bytes, 0, bytes.length, ip)).toBe(true);
        expect(checkTransport(bytes, ip)).toBe('ok');
        expect(readIcmp(bytes, ip.payloadAt, ip.payloadEnd, family, icmp)).toBe(true);
        expect(icmp.type).toBe(family === 4 ? 8 : 128);
        expect(icmp.checksum).toBe(echoSumOf(one.keyHi, one.keyLo));
        expect(icmp.echoId).toBe(at.id);
        expect(attemptOfEchoSeq(one.keyHi, one.keyLo, one.probe, icmp.echoSeq)).toBe(one.attempt);
        expect(holdsEchoToken(bytes, icmp.payloadAt, icmp.payloadEnd, one)).toBe(true);
        expect(holdsEchoToken(bytes, icmp.payloadAt, icmp.payloadAt + 7, one)).toBe(false);
        const other = { ...one, probe: (one.probe ^ 1) >>> 0 };
        expect(holdsEchoToken(bytes, icmp.payloadAt, icmp.payloadEnd, other)).toBe(false);
      }),
    );
  });
});
