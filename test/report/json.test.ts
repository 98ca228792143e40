import { describe, expect, it } from 'vitest';
import { jsonChunks, roundConfidence, toJson } from '../../src/report/json.ts';
import {
  endRecord,
  hostRecord,
  startRecord,
  verdictRecord,
  warningRecord,
} from '../../src/report/jsonl.ts';
import { dnsOpen, ntpClosed, report, troubles } from './sample.ts';

const host = { target: ntpClosed.target, name: null, state: 'up', reason: 'port-unreach' } as const;

describe('toJson', () => {
  it('is the document of the contract', async () => {
    const text = toJson(report([dnsOpen, ntpClosed], { hosts: [host], warnings: ['one "note"'] }));
    await expect(text).toMatchFileSnapshot('./golden/report.json');
  });

  it('keeps the order of fields', () => {
    const parsed = JSON.parse(toJson(report(troubles)));
    expect(Object.keys(parsed)).toEqual(
      'schema tool command startedAt durationMs wire plan complete notDone seed recording verdicts hosts paths counters warnings'.split(
        ' ',
      ),
    );
    const fields =
      'target name port protocol state reason service by icmp ttl quotedTtl rttMs attempts confidence why whyId whyArgs ' +
      'wire evidence';
    expect(Object.keys(parsed.verdicts[0])).toEqual(fields.split(' '));
    expect(Object.keys(parsed.verdicts[2])).toEqual(
      fields.replace('reason', 'reason detail').split(' '),
    );
  });

  it('rounds times to 3 decimals and confidence downwards to 4', () => {
    const odd = { ...dnsOpen, rttMs: 1.23456, confidence: 0.99999, whyArgs: { rttMs: 1.23456 } };
    const [parsed] = JSON.parse(toJson(report([odd]))).verdicts;
    expect([parsed.rttMs, parsed.confidence, parsed.whyArgs.rttMs]).toEqual([1.235, 0.9999, 1.235]);
    for (let step = 0; step <= 10_000; step++)
      expect(roundConfidence(step / 10_000)).toBe(step / 10_000);
    expect(roundConfidence(0.99899999)).toBe(0.9989);
  });

  it('tells the chances of a silent port last, and leaves them out of all others', () => {
    const between = { open: 0.0476, dropped: 0.9523, closed: 0 };
    const { verdicts } = JSON.parse(toJson(report([{ ...dnsOpen, between }, ntpClosed])));
    expect(Object.keys(verdicts[0]).at(-1)).toBe('between');
    expect(verdicts[0].between).toEqual(between);
    expect(verdicts[1]).not.toHaveProperty('between');
  });

  it('comes in pieces of which none holds two verdicts', () => {
    const chunks = [...jsonChunks(report(troubles))];
    expect(chunks.join('')).toBe(toJson(report(troubles)));
    for (const chunk of chunks) expect(chunk.split('"whyId"').length).toBeLessThanOrEqual(2);
    expect(JSON.parse(toJson(report([]))).verdicts).toEqual([]);
  });
});

describe('jsonl', () => {
  it('has one typed record a line', () => {
    const { schema, tool, command, startedAt, wire, seed } = report([]);
    const plan = { targets: 1, probes: 2, unresolved: [] };
    const lines = [
      startRecord({ schema, tool, command, startedAt, wire, seed, plan }),
      verdictRecord(dnsOpen),
      hostRecord(host),
      warningRecord('two\nlines'),
      endRecord({ complete: true, notDone: [], durationMs: 1.00049, counters: {}, exitCode: 0 }),
    ];
    for (const line of lines) expect(line.indexOf('\n')).toBe(line.length - 1);
    const records = lines.map((line) => JSON.parse(line));
    expect(records.map((record) => record.type)).toEqual([
      'start',
      'verdict',
      'host',
      'warning',
      'end',
    ]);
    expect(records[0]).toEqual({
      type: 'start',
      schema,
      tool,
      command,
      startedAt,
      wire,
      seed,
      plan,
    });
    expect(records[1].whyId).toBe('udp.answered.parsed');
    expect(records[3].warning).toBe('two\nlines');
    expect(records[4].durationMs).toBe(1);
  });
});
