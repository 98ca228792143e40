import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INFO_MAX_LENGTH, toInfo, toPrintable } from '../../../src/probe/payloads/printable.ts';

describe('printable text', () => {
  it('passes plain ASCII and escapes everything else', () => {
    expect(toPrintable(Uint8Array.of(0x41, 0x20, 0x7e))).toBe('A ~');
    expect(toPrintable(Uint8Array.of(0x1b, 0x5b, 0x0a, 0x7f, 0x9b, 0x5c))).toBe(
      '\\x1b[\\x0a\\x7f\\x9b\\x5c',
    );
  });

  it('holds no control character and no more than the limit, for all bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }), (parts) => {
        const info = toInfo(parts.map(toPrintable));
        expect(info).toMatch(/^[\x20-\x7e]*$/);
        expect(info.length).toBeLessThanOrEqual(INFO_MAX_LENGTH);
      }),
    );
  });

  it('joins what is known and shows that it was cut', () => {
    expect(toInfo(['a', null, '', 'b'])).toBe('a, b');
    expect(toInfo(['x'.repeat(INFO_MAX_LENGTH)])).toBe('x'.repeat(INFO_MAX_LENGTH));
    expect(toInfo(['x'.repeat(INFO_MAX_LENGTH + 1)])).toBe(`${'x'.repeat(INFO_MAX_LENGTH - 3)}...`);
  });
});
