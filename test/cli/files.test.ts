import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeWhole, writeWholeFile } from '../../src/cli/files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pu-probe-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function* brokenOff(): Generator<string> {
  yield '{ "half": ';
  throw Object.assign(new Error('full'), { code: 'ENOSPC' });
}

describe('a file is written whole or not at all', () => {
  it('replaces what was there, with its mode, through a link', async () => {
    const path = join(folder, 'a.json');
    writeFileSync(path, 'before');
    chmodSync(path, 0o640);
    symlinkSync(path, join(folder, 'link'));
    const chunks = Array.from({ length: 30_000 }, (_, index) => `${index}é\n`);
    await writeWholeFile(join(folder, 'link'), chunks);
    expect(readFileSync(path, 'utf8')).toBe(chunks.join(''));
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder).sort()).toEqual(['a.json', 'link']);
  });

  it('leaves what was there, and nothing beside it, when writing fails', async () => {
    const path = join(folder, 'a.json');
    await expect(writeWholeFile(path, brokenOff())).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, 'before');
    await expect(writeWholeFile(path, brokenOff())).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(readdirSync(folder)).toEqual(['a.json']);
  });

  it('says that a folder is missing', async () => {
    await expect(writeWholeFile(join(folder, 'no/a'), ['x'])).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  const hasFull = existsSync('/dev/full');
  it.skipIf(!hasFull)(
    `writes to a device itself${hasFull ? '' : ' (skipped: there is no /dev/full)'}`,
    async () => {
      await expect(writeWholeFile('/dev/full', ['x'])).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(statSync('/dev/full').isCharacterDevice()).toBe(true);
    },
  );
});

describe('writeWhole', () => {
  it('goes on where a write took a part, and passes on what it throws', () => {
    const taken: number[] = [];
    const write = (bytes: Uint8Array, from: number): number => {
      const part = bytes.subarray(from, from + 3);
      taken.push(...part);
      return part.length;
    };
    writeWhole('höchstens drei', write);
    expect(new TextDecoder().decode(Uint8Array.from(taken))).toBe('höchstens drei');
    const full = (_: Uint8Array, from: number): number => {
      if (from > 0) throw new Error('full');
      return 2;
    };
    expect(() => writeWhole('abc', full)).toThrow('full');
  });
});
