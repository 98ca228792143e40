/** `scan -sn`, from the command line to its report, on a simulated network. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/index.ts';
import * as library from '../../src/index.ts';
import { run } from './process.ts';

const WORLD = { targets: [{ v4: '10.90.0.0/24', present: 0.1 }] };
const BEHIND = { scanner: { gatewayAnswers: false }, routers: [{}] };

let folder: string;
const wire = (name: string): string => `--wire sim:${join(folder, name)}`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pp-discover-'));
  writeFileSync(join(folder, 'link.json'), JSON.stringify(WORLD));
  writeFileSync(join(folder, 'behind.json'), JSON.stringify(BEHIND));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('scan -sn', () => {
  it('lists hosts that are up and counts the others', async () => {
    const { code, out } = await run(
      `scan -sn 10.90.0.64/26 --seed 1 ${wire('link.json')}`,
      library,
    );
    expect(code).toBe(0);
    await expect(out).toMatchFileSnapshot('golden/hosts.txt');
  });

  it('lists the others too where they are few', async () => {
    const line = `scan -sn 10.90.0.64-67 --seed 1 ${wire('link.json')}`;
    const { out } = await run(line, library);
    await expect(out).toMatchFileSnapshot('golden/fewHosts.txt');
  });

  it('gives each host once, as JSON and as lines', async () => {
    const line = `scan -sn 10.90.0.64/26 --seed 1 ${wire('link.json')}`;
    const report = JSON.parse((await run(`${line} --json`, library)).out) as Report;
    expect(report).toMatchObject({ verdicts: [], complete: true, plan: { discover: true } });
    expect(report.hosts).toHaveLength(64);
    const { out } = await run(`${line} --jsonl`, library);
    const records = out
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as { type: string });
    const hosts = records.filter(({ type }) => type === 'host');
    expect(records.map(({ type }) => type)).toEqual(['start', ...hosts.map(() => 'host'), 'end']);
    expect(hosts.map((host) => ({ ...host, type: undefined }))).toHaveLength(64);
    const byName = new Map(report.hosts.map((host) => [host.target as string, host]));
    for (const { type: _, ...host } of hosts as unknown as { type: string; target: string }[]) {
      expect(host).toEqual(byName.get(host.target));
    }
  });

  it('ends with 3 where this machine could not ask', async () => {
    const { code, out } = await run(`scan -sn 10.90.1.10 ${wire('behind.json')}`, library);
    expect(code).toBe(3);
    expect(out).toContain('10.90.1.10  unknown  local-error: this machine could not ask');
  });

  it('prints what it would ask', async () => {
    const { code, out } = await run('scan -sn 10.0.0.0/30 --dry-run --seed 1', library);
    expect(code).toBe(0);
    expect(out).toContain(
      '4 targets to look for: on the link, by echo requests, or at these ports;',
    );
  });
});
