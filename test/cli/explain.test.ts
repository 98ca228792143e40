/** The command `explain`, over captures of the lab. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseExplainArguments } from '../../src/cli/explainArguments.ts';
import * as library from '../../src/index.ts';
import { pathOf } from '../explain/captures.ts';
import { createFakeIo, run } from './process.ts';

const ARTICLE = 'articleUdpClosed.client.4';

function diskWith(name: string, bytes?: Uint8Array) {
  const binaries = new Map([['a.pcap', bytes ?? readFileSync(pathOf(name))]]);
  return createFakeIo({}, {}, binaries);
}

const explain = (line: string, name = ARTICLE, bytes?: Uint8Array) =>
  run(`explain ${line}`, library, diskWith(name, bytes));

describe('text', () => {
  it("the article's own case reads so that anybody knows what to do", async () => {
    const { out, code } = await explain('a.pcap');
    await expect(out).toMatchFileSnapshot('./golden/explainArticle.txt');
    expect(code).toBe(0);
  });

  it('a capture where nothing failed says so', async () => {
    const { out } = await explain('a.pcap', 'tcpListener.client.4');
    expect(out).toMatch(/nothing failed in what this capture shows/);
  });

  it('fits 80 columns, but for commands and filters to copy', async () => {
    for (const name of [
      'udpLimiter.client.6',
      'tcpHostRejectIcmp.router.6',
      'dnatDeadBackend.client.4',
    ]) {
      const { out } = await explain('a.pcap', name);
      const prose = out.split('\n').filter((line) => !/^ {4,}\S/.test(line));
      expect(prose.filter((line) => line.length > 80)).toEqual([]);
    }
  });
});

describe('--json', () => {
  it('is one document of the schema', async () => {
    const { out, code } = await explain('a.pcap --json');
    const report = JSON.parse(out) as library.ExplainReport;
    expect(report.schema).toBe('pu-probe/explain/1');
    expect(report.complete).toBe(true);
    expect(code).toBe(0);
    const [finding] = report.findings;
    expect(finding).toMatchObject({
      id: 'f1',
      kind: 'icmp-error',
      icmp: { type: 3, code: 3 },
      by: { ip: '10.90.1.10', role: 'target', hop: 2 },
      packets: 3,
    });
  });
});

describe('narrowing', () => {
  const NAME = 'udpRouterReject.client.4';
  const whys = async (options: string) => {
    const { out } = await explain(`a.pcap --json ${options}`, NAME);
    return (JSON.parse(out) as library.ExplainReport).findings.map(({ whyId }) => whyId);
  };

  it('takes a port, a host, a flow', async () => {
    expect(await whys('')).toHaveLength(3);
    expect(await whys('--port 53')).toEqual(['explain.icmp.port.path']);
    expect(await whys('--port 53 -p 123')).toHaveLength(2);
    expect(await whys('--host 10.90.2.10')).toHaveLength(3);
    expect(await whys('--host 10.9.9.9')).toEqual([]);
    const all = JSON.parse((await explain('a.pcap --json', NAME)).out) as library.ExplainReport;
    const { from, fromPort, to, toPort } = all.findings[0]!.flows[0]!;
    expect(await whys(`--flow ${to}:${toPort}-${from}:${fromPort}`)).toEqual([
      all.findings[0]!.whyId,
    ]);
  });

  it('takes IPv6 ends in brackets', () => {
    const { narrowing } = parseExplainArguments(['x', '--flow', '[fd00::1]:40000-[fd00::5]:53']);
    const [[one, other]] = narrowing!.flows as [library.Narrowing['flows'][number]];
    expect([one.ip.family, one.port, other.ip.family, other.port]).toEqual([6, 40000, 6, 53]);
  });
});

describe('mistakes and damaged files', () => {
  it.each([
    ['explain a.pcap b.pcap', 'explain takes one file, and also got "b.pcap"'],
    ['explain a.pcap --host db1', '--host takes an address: "db1"'],
    ['explain a.pcap --port http', 'not a port from 0 to 65535: "http"'],
    ['explain a.pcap --flow 10.0.0.1:5', '--flow takes two ends'],
    ['explain a.pcap --flow x:5-y:6', 'no address in --flow: "x:5-y:6"'],
    ['explain missing.pcap', 'cannot read missing.pcap: no such file'],
    ['explain a.pcap --udp', 'unknown option "--udp"'],
  ])('%s', async (line, message) => {
    const { code, err, out } = await run(line, library, diskWith(ARTICLE));
    expect(err).toContain(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect([code, out]).toEqual([2, '']);
  });

  it('what is no capture is a mistake', async () => {
    const { code, err } = await explain(
      'a.pcap',
      ARTICLE,
      new TextEncoder().encode('hello, world'),
    );
    expect(err).toMatch(/^pu-probe: a\.pcap cannot be read as a capture: /);
    expect(code).toBe(2);
  });

  it('a file that is cut is explained as far as it goes, with code 3', async () => {
    const whole = readFileSync(pathOf(ARTICLE));
    const { code, out } = await explain('a.pcap', ARTICLE, whole.subarray(0, whole.length - 30));
    expect(out).toMatch(/refuses UDP port 53/);
    expect(out).toMatch(/Note: the file could be read no further than/);
    expect(code).toBe(3);
  });

  it('an empty capture shows nothing, and says so', async () => {
    const { out } = await explain('a.pcap', ARTICLE, readFileSync(pathOf(ARTICLE)).subarray(0, 24));
    expect(out).toMatch(/holds no IP packet/);
  });
});
