/** Parts of `explain` whose cases no capture of the lab has. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createExplainer } from '../../src/explain/explainer.ts';
import { isPacedBy } from '../../src/explain/limiter.ts';
import { readRequest } from '../../src/explain/request.ts';
import { CAPTURES, explainBytes, explainFixture, pathOf } from './captures.ts';

describe('the rhythm of a limiter', () => {
  const burst = [0, 1, 2, 3, 4, 5];

  it.each([
    ['six at once, then one a second', [...burst, 1001, 2002, 3003], 1000, true],
    ['a seventh at once', [...burst, 6, 1001, 2002, 3003], 1000, false],
    [
      'one a second from the start: nothing was held back',
      [0, 1000, 2000, 3000, 4000],
      1000,
      false,
    ],
    ['a burst, and no more', burst, 1000, false],
    ['six at once, then ten a second', [...burst, 105, 205, 305, 405], 100, true],
  ])('%s', (_what, timesMs, periodMs, expected) => {
    expect(isPacedBy(timesMs as number[], periodMs as number)).toBe(expected);
  });
});

describe('requests', () => {
  const read = (port: number, hex: string) => {
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
    return readRequest(port, { bytes, at: 0, end: bytes.length });
  };
  const DNS = '1a2b01000001000000000000076578616d706c6503636f6d0000010001';
  const SNMP = '302602010104067075626c6963a019020412345678020100020100300b300906052b060102010500';

  it('are read by their protocol', () => {
    expect(read(53, DNS)).toEqual({
      protocol: 'dns',
      isParsed: true,
      asks: 'A example.com',
      token: '6699',
    });
    expect(read(123, `23${'00'.repeat(39)}e9a1b2c3d4e5f607`)).toMatchObject({
      protocol: 'ntp',
      asks: 'the time, version 4',
      token: 'e9a1b2c3.d4e5f607',
    });
  });

  it('never show an SNMP community', () => {
    const request = read(161, SNMP);
    expect(request).toMatchObject({ protocol: 'snmp', isParsed: true, asks: 'v2c, get' });
    expect(JSON.stringify(request)).not.toMatch(/public/);
  });

  it('are known by their port where they cannot be read, and not at all elsewhere', () => {
    expect(read(53, '00')).toEqual({ protocol: 'dns', isParsed: false, asks: '', token: null });
    expect(read(40_000, DNS)).toBeNull();
  });
});

/** The frames of a classic pcap file that `keep` takes; it gets the IPv4 source of each. */
function filtered(file: Uint8Array, keep: (src: string) => boolean): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const pieces = [file.subarray(0, 24)];
  for (let at = 24; at + 16 <= file.length; ) {
    const end = at + 16 + view.getUint32(at + 8, true);
    // Linux cooked v2: 20 bytes before the IP header.
    const srcAt = at + 16 + 20 + 12;
    if (keep(file.subarray(srcAt, srcAt + 4).join('.'))) pieces.push(file.subarray(at, end));
    at = end;
  }
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

describe('a capture of one direction', () => {
  it('is told apart from silence, or at least said to be possible', async () => {
    const file = readFileSync(pathOf('tcpListener.client.4'));
    // The ping that ends each capture of the lab has no answer either.
    const asker = await explainBytes(filtered(file, (src) => src === '10.90.0.1'));
    expect(asker.findings.map(({ whyId }) => whyId)).toEqual(['explain.udp.silent-at-end']);
    expect(asker.limits.join(' ')).toMatch(/One-sided: 1 flow acknowledges/);
  });

  it('says nothing for certain of what the other direction would show', async () => {
    for (const name of CAPTURES.filter((one) => one.endsWith('client.4'))) {
      const bytes = filtered(readFileSync(pathOf(name)), (src) => src === '10.90.0.1');
      const { findings, limits, capture } = await explainBytes(bytes);
      const certain = findings.filter(
        ({ certainty, by }) => certainty === 'high' && by?.role !== 'local',
      );
      expect(
        certain.map(({ title }) => title),
        name,
      ).toEqual([]);
      if (capture.flows > 1)
        expect(limits.join(' '), name).toMatch(/One-sided|No flow has packets/);
    }
  });
});

describe('limits', () => {
  it('a filter that nothing meets is told, and is no clean bill', async () => {
    const narrowing = { hosts: [], ports: [9999], flows: [] };
    const { capture, limits } = await explainFixture('pathDropForward.client.4', narrowing);
    expect(capture.flows).toBe(0);
    expect(limits.join(' ')).toMatch(/Nothing matches --host, --port and --flow/);
  });

  it('flows beyond the table are counted and told', () => {
    const explainer = createExplainer(null);
    const bytes = Uint8Array.from(
      Buffer.from('4500001c000100004011000000000000000000000000003500080000', 'hex'),
    );
    for (let flow = 0; flow < 140_000; flow++) {
      bytes.set([10, flow >> 16, (flow >> 8) & 255, flow & 255], 12);
      bytes.set([10, 200, 0, 1], 16);
      bytes.set([0x9c, 0x40, 0, 53], 20);
      explainer.take({ bytes, at: 0, end: bytes.length, atMs: flow, frame: flow + 1 });
    }
    const { counts, flows, limits, findings, furtherFindings } = explainer.result();
    expect(flows).toBeLessThanOrEqual(131_072);
    expect(flows + counts.notFollowed).toBe(140_000);
    expect(findings.length).toBe(256);
    expect(furtherFindings).toBeGreaterThan(100_000);
    expect(limits.map(({ whyId }) => whyId)).toContain('limit.not-followed');
  });
});
