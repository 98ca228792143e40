import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PAYLOAD_KINDS, type PayloadKind, payloadFor } from '../../../src/probe/payload.ts';
import { NOT_ASKED } from '../../../src/probe/payloads/notAsked.ts';
import { INFO_MAX_LENGTH } from '../../../src/probe/payloads/printable.ts';
import { toHex } from './bytes.ts';
import { type PayloadCase, TOKEN } from './caseShape.ts';
import { CASES } from './cases.ts';

const RANDOM_STRINGS = 20_000;
const MUTATIONS = 2_000;
/** Guard bytes on both sides of what `write` may touch. */
const MARGIN = 32;

const word = fc.integer({ min: 0, max: 0xffffffff });
const answers = CASES.flatMap((one) =>
  one.accepted.map((answer) => ({ ...answer, kind: kindOf(one), identity: one.identity })),
);

describe('the table of kinds', () => {
  it('gives no port to two kinds, and a source to every kind', () => {
    const ports = PAYLOAD_KINDS.flatMap((kind) => kind.ports);
    expect(new Set(ports).size).toBe(ports.length);
    for (const { protocol, source, maxLength } of PAYLOAD_KINDS) {
      expect(protocol).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(source.length, protocol).toBeGreaterThan(0);
      expect(maxLength, protocol).toBeLessThanOrEqual(1200);
    }
    expect(new Set(PAYLOAD_KINDS.map((kind) => kind.protocol)).size).toBe(PAYLOAD_KINDS.length);
    for (const port of ports)
      expect(Number.isInteger(port) && port > 0 && port < 65_536).toBe(true);
  });

  it('finds the kind of a port, and generic elsewhere', () => {
    for (const kind of PAYLOAD_KINDS)
      for (const port of kind.ports) expect(payloadFor(port)).toBe(kind);
    expect(payloadFor(9).protocol).toBe('generic');
    expect(payloadFor(0).protocol).toBe('generic');
    expect(payloadFor(65_535).protocol).toBe('generic');
  });

  it('sends the generic payload where a reason says that nothing better is sent', () => {
    for (const { ports, why, source } of NOT_ASKED) {
      for (const port of ports) expect(payloadFor(port).protocol, `${port}`).toBe('generic');
      expect(why.length).toBeGreaterThan(0);
      expect(source.length).toBeGreaterThan(0);
    }
  });

  it('has a case for every kind', () => {
    const covered = new Set(CASES.map((one) => one.protocol));
    expect([...covered].sort()).toEqual(PAYLOAD_KINDS.map((kind) => kind.protocol).sort());
  });
});

describe.each(CASES)('$protocol', (one) => {
  const kind = kindOf(one);

  it('writes the golden request and nothing beside it, whatever the memory held', () => {
    for (const filler of [0xa5, 0x5a]) {
      const memory = new Uint8Array(kind.maxLength + 2 * MARGIN).fill(filler);
      const length = kind.write(memory, MARGIN, ...TOKEN);
      expect(length).toBeLessThanOrEqual(kind.maxLength);
      expect(toHex(memory.subarray(MARGIN, MARGIN + length))).toBe(toHex(one.request));
      expect(memory.subarray(0, MARGIN).every((byte) => byte === filler)).toBe(true);
      expect(memory.subarray(MARGIN + length).every((byte) => byte === filler)).toBe(true);
    }
  });

  it('writes within its maximum for every token, and reads no echo of its request as an answer', () => {
    fc.assert(
      fc.property(word, word, (hi, lo) => {
        const memory = new Uint8Array(kind.maxLength);
        const length = kind.write(memory, 0, hi, lo);
        expect(length).toBeLessThanOrEqual(kind.maxLength);
        expect(kind.read(memory.subarray(0, length), hi, lo)).toBeNull();
      }),
    );
  });

  it.each(one.accepted)('accepts the answer of $of', ({ bytes, info }) => {
    expect(kind.read(bytes, ...TOKEN)).toEqual({ protocol: one.protocol, info });
  });

  it.each(one.accepted)('needs every identity bit in the answer of $of', ({ bytes }) => {
    for (let bit = 0; bit < 64; bit++) {
      const mask = (1 << (bit & 31)) >>> 0;
      const hi = bit < 32 ? mask : 0;
      const lo = bit < 32 ? 0 : mask;
      const counts = ((one.identity[0] & hi) | (one.identity[1] & lo)) !== 0;
      const read = kind.read(bytes, (TOKEN[0] ^ hi) >>> 0, (TOKEN[1] ^ lo) >>> 0);
      expect(read === null, `bit ${bit}`).toBe(counts);
    }
  });

  it.each(one.accepted)('takes no cut form of the answer of $of', ({ bytes }) => {
    for (let length = 0; length < bytes.length; length++) {
      const read = kind.read(bytes.subarray(0, length), ...TOKEN);
      if (one.openEnded === undefined) expect(read, `cut at ${length}`).toBeNull();
      else expectPresentable(kind, read);
    }
  });

  it.each(one.rejected)('rejects $why', ({ bytes }) => {
    expect(kind.read(bytes, ...TOKEN)).toBeNull();
  });
});

describe('bytes from nowhere', () => {
  it(`are never an answer (${RANDOM_STRINGS} random strings for every kind, seed 7)`, () => {
    const random = createRandom(7);
    for (let i = 0; i < RANDOM_STRINGS; i++) {
      const bytes = Uint8Array.from({ length: random() % 97 }, random);
      for (const kind of PAYLOAD_KINDS) {
        const read = kind.read(bytes, ...TOKEN);
        if (read !== null) throw new Error(`${kind.protocol} took ${toHex(bytes)}`);
      }
    }
  });

  it(`behind a genuine beginning never throw, and what is read is presentable (${MUTATIONS} each, seed 8)`, () => {
    const random = createRandom(8);
    for (const { kind, bytes } of answers) {
      for (let i = 0; i < MUTATIONS; i++) {
        expectPresentable(kind, kind.read(mutate(bytes, random), ...TOKEN));
      }
    }
  });

  it('of the largest size never throw or hang', () => {
    for (const { kind, bytes } of answers) {
      for (const filler of [0x00, 0x0d, 0x20, 0x41, 0xc0, 0xff]) {
        const large = new Uint8Array(65_507).fill(filler);
        expectPresentable(kind, kind.read(large, ...TOKEN));
        large.set(bytes);
        expectPresentable(kind, kind.read(large, ...TOKEN));
      }
    }
  });
});

function kindOf({ protocol, kind }: PayloadCase): PayloadKind {
  return kind ?? PAYLOAD_KINDS.find((each) => each.protocol === protocol)!;
}

function expectPresentable(kind: PayloadKind, read: ReturnType<PayloadKind['read']>): void {
  if (read === null) return;
  expect(read.protocol).toBe(kind.protocol);
  expect(read.info).toMatch(/^[\x20-\x7e]+$/);
  expect(read.info.length).toBeLessThanOrEqual(INFO_MAX_LENGTH);
}

/** A generator of bytes and small numbers (xorshift32), so that a failure can be repeated. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Changes up to four bytes, then cuts, lengthens or replaces the tail. */
function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let i = random() % 5; i > 0; i--) copy[random() % copy.length] = random();
  const cut = random() % (copy.length + 1);
  const tail = () => Uint8Array.from({ length: random() % 64 }, random);
  const shape = random() % 4;
  if (shape === 0) return copy;
  if (shape === 1) return copy.subarray(0, cut);
  const head = shape === 2 ? copy : copy.subarray(0, cut);
  return Uint8Array.from([...head, ...tail()]);
}
