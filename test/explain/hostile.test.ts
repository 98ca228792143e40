/** Captures of others hold anything: nothing in them throws, hangs, or reaches the terminal as a control character. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExplainer } from '../../src/explain/explainer.ts';
import { renderExplainText } from '../../src/report/explainText.ts';
import { CAPTURES, explainBytes, pathOf } from './captures.ts';

const SEED = 20261128;
const text = { color: false, width: 80 };

describe('any bytes', () => {
  it('as IP packets', () => {
    const first = fc.constantFrom(0x45, 0x46, 0x60, 0x00);
    const protocol = fc.constantFrom(1, 6, 17, 58, 44, 0);
    const packet = fc.tuple(first, protocol, fc.uint8Array({ minLength: 8, maxLength: 120 }));
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 30 }), (packets) => {
        const explainer = createExplainer(null);
        packets.forEach(([version, next, bytes], index) => {
          bytes[0] = version;
          bytes[version === 0x60 ? 6 : 9] = next;
          explainer.take({ bytes, at: 0, end: bytes.length, atMs: index, frame: index + 1 });
        });
        expect(explainer.result().counts.packets).toBe(packets.length);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('as a capture of the lab with bytes changed', async () => {
    const names = CAPTURES.filter((_, index) => index % 17 === 0);
    const change = fc.tuple(fc.nat(4000), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(change, { minLength: 1, maxLength: 20 }),
        async (name, changes) => {
          const bytes = Uint8Array.from(readFileSync(pathOf(name)));
          // The file's own header stays: what follows is what others put into their packets.
          for (const [at, value] of changes) bytes[24 + (at % (bytes.length - 24))] = value;
          const report = await explainBytes(bytes).catch((error: Error) => error);
          if (report instanceof Error) expect(report.name).toBe('UsageError');
          else {
            const shown = renderExplainText(report, text);
            // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
            expect(shown).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]|undefined|NaN/);
          }
        },
      ),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe('snap length', () => {
  it('a cut capture says what it cannot show, and no more for certain than the whole one', async () => {
    for (const name of CAPTURES.filter((one) => one.endsWith('client.4'))) {
      const whole = await explainBytes(readFileSync(pathOf(name)));
      const cut = await explainBytes(snapped(readFileSync(pathOf(name)), 20 + 48));
      const certain = new Set(
        whole.findings.filter(({ certainty }) => certainty === 'high').map(({ whyId }) => whyId),
      );
      const more = cut.findings.filter(
        ({ certainty, whyId }) => certainty === 'high' && !certain.has(whyId),
      );
      expect(
        more.map(({ whyId }) => whyId),
        name,
      ).toEqual([]);
      if (whole.capture.packets > 2) {
        expect(cut.limits.join(' '), name).toMatch(/snap length|could not be read|no IP packet/);
      }
    }
  });
});

/** A classic pcap file, each frame cut to `most` bytes. */
function snapped(file: Uint8Array, most: number): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const pieces = [file.subarray(0, 24)];
  for (let at = 24; at + 16 <= file.length; ) {
    const length = view.getUint32(at + 8, true);
    const kept = Math.min(length, most);
    const head = Uint8Array.from(file.subarray(at, at + 16));
    new DataView(head.buffer).setUint32(8, kept, true);
    pieces.push(head, file.subarray(at + 16, at + 16 + kept));
    at += 16 + length;
  }
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}
