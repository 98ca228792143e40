/** `scan --pcap` and `replay` as commands: what is printed, what ends with which code. */
import { describe, expect, it } from 'vitest';
import * as library from '../../src/index.ts';
import type { Report } from '../../src/model.ts';
import { createFakeIo, run } from '../cli/process.ts';
import { readCapture } from '../packet/captures.ts';

const TRACE =
  'trace 10.90.2.10 -p T:22,U:514 -sU -sT -n --seed 5 --wire sim:examples/twoRouters.json#errqueue';
const HOSTS =
  'scan 10.90.2.10 10.90.2.11 -sn --seed 5 --wire sim:examples/twoRouters.json#errqueue';
const SCAN =
  'scan 10.90.2.10 -p T:22,443,8443,U:53,161,514 --seed 5 --wire sim:examples/twoRouters.json#errqueue';

async function recorded(format = '', file = 'run.pcapng', command = SCAN) {
  const fake = createFakeIo();
  const scanned = await run(`${command} ${format} --pcap ${file}`, library, fake);
  return { fake, scanned };
}

describe('scan --pcap', () => {
  it('names the packets of each verdict that is not open, and how to compute it again', async () => {
    const { scanned, fake } = await recorded();
    expect(scanned.code).toBe(0);
    const filters = [...scanned.out.matchAll(/tshark -r run\.pcapng -Y '(.*)'/g)].map(
      ([, f]) => f!,
    );
    expect(filters).toHaveLength(5 - 1);
    expect(scanned.out).toContain('pu-probe replay run.pcapng');
    const { frames } = readCapture(Buffer.concat(fake.bytes.get('run.pcapng')!));
    for (const filter of filters) {
      const text = /contains "(.*)"/.exec(filter)?.[1];
      expect(text, filter).toMatch(/^s\d\.$/);
      expect(frames.some(({ texts }) => texts.join().includes(text!))).toBe(true);
    }
  });

  it('a disk that fills up: one line, code 3, the report is whole and the file too', async () => {
    const { scanned, fake } = await recorded('--json', '/full/run.pcapng');
    expect(scanned.code).toBe(3);
    expect(scanned.err).toBe(
      'pu-probe: cannot write "/full/run.pcapng": no space left; the recording ends before the run\n',
    );
    expect(JSON.parse(scanned.out)).toMatchObject({ complete: true });
    expect(readCapture(Buffer.concat(fake.bytes.get('/full/run.pcapng')!)).fault).toBeNull();
  });

  it('a file that cannot be made: nothing is sent', async () => {
    const { code, err, out } = await run(`${SCAN} --pcap /missing/run.pcapng`, library);
    expect({ code, err, out }).toEqual({
      code: 2,
      err: 'pu-probe: --pcap cannot write "/missing/run.pcapng": no such file\n',
      out: '',
    });
  });
});

describe('trace --pcap', () => {
  it('names the packets of each finding, by a filter that finds them', async () => {
    const { scanned, fake } = await recorded('', 'run.pcapng', TRACE);
    expect(scanned.code).toBe(0);
    expect(scanned.out).toContain('pu-probe replay run.pcapng');
    const filters = [...scanned.out.matchAll(/frame\.comment matches "(.*?)"/g)];
    expect(filters).toHaveLength(1);
    const { frames } = readCapture(Buffer.concat(fake.bytes.get('run.pcapng')!));
    const found = frames.filter(({ texts }) => new RegExp(filters[0]![1]!).test(texts.join()));
    const { paths } = JSON.parse((await run(`${TRACE} --json`, library)).out) as Report;
    const evidence = paths.flatMap(({ finding }) => finding?.evidence ?? []);
    expect(found).toHaveLength(evidence.length);
  });

  it('a file that cannot be made: nothing is sent', async () => {
    const { code, out, err } = await run(`${TRACE} --pcap /missing/run.pcapng`, library);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/--pcap cannot write/);
  });
});

describe('scan --trace --pcap', () => {
  const bytesOf = async () => {
    const { scanned, fake } = await recorded('--json --trace');
    return {
      live: JSON.parse(scanned.out) as Report,
      bytes: Buffer.concat(fake.bytes.get('run.pcapng')!),
    };
  };
  const again = async (bytes: Buffer): Promise<Report> =>
    JSON.parse(library.toJson(await library.replay([bytes], 'run.pcapng').report())) as Report;

  it('holds the traces behind the scan, and gives the same report', async () => {
    const { live, bytes } = await bytesOf();
    const { verdicts, paths, warnings, complete } = await again(bytes);
    expect(paths.map(({ port }) => port).toSorted()).toEqual([514, 8443]);
    expect(JSON.stringify({ verdicts, paths, warnings, complete })).toBe(
      JSON.stringify({
        verdicts: live.verdicts,
        paths: live.paths,
        warnings: live.warnings,
        complete: live.complete,
      }),
    );
    const { frames } = readCapture(bytes);
    const ids = paths.flatMap(({ finding }) => finding?.evidence ?? []);
    const texts = frames.map((frame) => frame.texts.join());
    const named = (id: string) => texts.filter((text) => text.startsWith(`${id} `)).length;
    expect(ids.filter((id) => named(id) !== 1)).toEqual([]);
  });

  it('cut between or within the traces: what was known by then, not complete', async () => {
    const { live, bytes } = await bytesOf();
    const traces = bytes.indexOf(Buffer.from('0a0d0d0a', 'hex'), 4);
    expect(traces).toBeGreaterThan(0);
    for (const share of [0, 0.3, 0.9]) {
      const end = traces + Math.floor(share * (bytes.length - traces));
      const { verdicts, paths, complete, warnings } = await again(bytes.subarray(0, end));
      expect(verdicts, String(share)).toEqual(live.verdicts);
      expect(complete, String(share)).toBe(false);
      expect(paths.length).toBeLessThanOrEqual(live.paths.length);
      expect(warnings.join(), String(share)).toContain('not replayable');
    }
  });
});

describe('replay', () => {
  it.each(
    [SCAN, TRACE, HOSTS].flatMap((command) =>
      ['', '--json', '--jsonl', '-v'].map((format) => ({ command, format })),
    ),
  )('prints the same: $command $format', async ({ command, format }) => {
    const { scanned, fake } = await recorded(format, 'run.pcapng', command);
    const replayed = await run(`replay run.pcapng ${format}`, library, again(fake));
    expect(replayed.code).toBe(0);
    // All but how the run was come by.
    const kept = (text: string) =>
      text.replace(/"wire": ?\{.*?\}|\(wire [^)]*\)|\n\(wire [^)]*\)/gs, '').replace(/\s+/g, ' ');
    expect(kept(replayed.out)).toBe(kept(scanned.out));
  });

  it.each([TRACE, HOSTS])('has no expectations: %s', async (command) => {
    const { fake } = await recorded('', 'run.pcapng', command);
    const { code, err } = await run('replay run.pcapng --expect open', library, again(fake));
    expect(code).toBe(2);
    expect(err).toMatch(/--expect is about ports: "run.pcapng" holds no scan of any/);
  });

  it('judges expectations', async () => {
    const { fake } = await recorded();
    const { code, err } = await run(
      'replay run.pcapng --expect 53/udp=closed',
      library,
      again(fake),
    );
    expect(code).toBe(1);
    expect(err).toMatch(/--expect 53\/udp=closed failed/);
  });

  it('a run that did not end: what was known by then, and code 3', async () => {
    const { fake } = await recorded();
    const pieces = fake.bytes.get('run.pcapng')!;
    fake.bytes.set('cut.pcapng', [Buffer.concat(pieces).subarray(0, pieces[0]!.length + 700)]);
    const { code, out } = await run('replay cut.pcapng', library, again(fake));
    expect(code).toBe(3);
    expect(out.replace(/\s+/g, ' ')).toMatch(/not replayable: the run did not end/);
  });

  it.each([
    ['replay', 2, /replay needs a FILE/],
    ['replay a b', 2, /takes one file, not "b" too/],
    ['replay none.pcapng', 2, /replay cannot read "none.pcapng": no such file/],
    ['replay a -p 53', 2, /replay sends nothing: no --ports/],
    ['replay a --no-control', 2, /replay sends nothing: no --no-control/],
    ['replay a --pcap b', 2, /replay sends nothing: no --pcap/],
    ['replay text', 3, /not replayable: neither pcapng nor pcap \(at byte 0\)/],
  ])('%s', async (line, code, message) => {
    const fake = createFakeIo();
    fake.bytes.set('text', [Buffer.from('some text')]);
    const ran = await run(line, library, fake);
    expect(ran.code).toBe(code);
    expect(ran.err).toMatch(message);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
  });
});

/** Another process with the same files. */
function again(fake: ReturnType<typeof createFakeIo>): ReturnType<typeof createFakeIo> {
  const next = createFakeIo();
  for (const [path, pieces] of fake.bytes) next.bytes.set(path, pieces);
  return next;
}
