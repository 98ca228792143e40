/** Runs that are too large to be recorded whole: what decides, and the latest others, within limits. */
import { beforeAll, describe, expect, it } from 'vitest';
import { NO_PROBE } from '../../src/batch.ts';
import { ANSWER } from '../../src/match/facts.ts';
import type { Plan } from '../../src/model.ts';
import { createPlan } from '../../src/plan/plan.ts';
import {
  createKeptPackets,
  keyOf,
  MAX_KIND_BYTES,
  MAX_PIECES,
  PIECE_BYTES,
} from '../../src/record/keptPackets.ts';
import { createLabel, HEARD, labelAnswer, labelProbe } from '../../src/record/labels.ts';
import { beginRecording } from '../../src/record/recordingFile.ts';
import { readCapture } from '../packet/captures.ts';
import { loadScenarios } from '../scenarios/scenario.ts';
import { replayPieces } from './inMemory.ts';
import { recordScenario } from './recordSim.ts';

let plan: Plan;
beforeAll(async () => {
  const context = { resolve: async () => [], interfaces: [], seed: [1, 2] } as const;
  plan = await createPlan({ targets: ['10.0.0.1'], ports: '1' }, context);
});

/** Packets of 40 bytes that ask and answer port 1 of probes, and the file that comes of them. */
function begin() {
  const pieces: Uint8Array[] = [];
  const write = (bytes: Uint8Array) => void pieces.push(bytes.slice());
  const clock = { epochMs: 1_767_225_600_000, wireMs: 0 };
  const file = beginRecording({ plan, clock, isWhole: false, head: {}, write });
  const sink = createKeptPackets(file);
  const label = createLabel();
  const packet = { interface: 0, bytes: new Uint8Array(40), at: 0, length: 40, ms: 1 };
  let turn = 0;
  return {
    ask(probe: number) {
      labelProbe(label, { probe, attempt: 1, tag: 0 }, 6, 1);
      sink.asked({ ...packet, direction: 'out' }, label, keyOf(probe, 1, 0));
      if (++turn % 1000 === 0) file.flush(turn);
    },
    hear(probe: number, answer: number, heard: number = HEARD.ANSWER) {
      const ids = { probe, tag: 0, attempt: 1, idAttempt: 1, idNumber: 1 };
      labelAnswer(label, { heard, answer, ...ids });
      sink.heard({ ...packet, direction: 'in' }, label, { heard, answer, ...ids });
    },
    end() {
      sink.finish();
      file.finish();
      const bytes = Buffer.concat(pieces);
      const { frames, fault } = readCapture(bytes);
      expect(fault).toBeNull();
      return { bytes, comments: frames.map(({ texts }) => texts.join()) };
    },
  };
}

it('an answer comes with its probe, the others stand behind, each packet once', () => {
  const run = begin();
  for (const probe of [0, 1, 2]) run.ask(probe);
  run.hear(NO_PROBE, ANSWER.NONE, HEARD.FOREIGN);
  run.hear(1, ANSWER.SYN_ACK);
  run.hear(1, ANSWER.SYN_ACK);
  run.hear(9, ANSWER.RESET);
  expect(run.end().comments).toEqual([
    's2.1 asks 1/tcp',
    'r2.1.1 answers s2.1',
    'r2.1.1 answers s2.1',
    'r10.1.1 answers s10.1',
    's1.1 asks 1/tcp',
    's3.1 asks 1/tcp',
    'foreign: about nothing that was asked',
  ]);
});

it('no kind of answer crowds out another, and the file has a limit', { timeout: 60_000 }, () => {
  const run = begin();
  const closed = 200_000;
  for (let probe = 0; probe < closed; probe++) {
    run.ask(probe);
    run.hear(probe, ANSWER.RESET);
  }
  run.ask(closed);
  run.hear(closed, ANSWER.SYN_ACK);
  const { bytes, comments } = run.end();
  // Both kinds, the others, and what fills up pages.
  expect(bytes.length).toBeLessThan(1.04 * (MAX_KIND_BYTES + MAX_PIECES * PIECE_BYTES));
  expect(bytes.length).toBeGreaterThan(MAX_KIND_BYTES + (MAX_PIECES - 1) * PIECE_BYTES);
  const said = new Set(comments);
  for (const id of [1, 50_000, closed, closed + 1]) {
    expect(said, `${id}`).toContain(`s${id}.1 asks 1/tcp`);
    expect(said, `${id}`).toContain(`r${id}.1.1 answers s${id}.1`);
  }
  expect(said).not.toContain('r100000.1.1 answers s100000.1');
  expect(said.size).toBe(comments.length);
});

describe.each(['P', 'E', 'C'] as const)('%s', (column) => {
  it('a run of over a million probes: its evidence is in the file, which cannot be replayed', async () => {
    const scenario = loadScenarios().find(({ name }) => name === 'tcpForgedReset')!;
    const request = { scenario, column, family: 4, seed: 1, probes: 1_000_001 } as const;
    const { report, pieces } = await recordScenario(request);
    const { frames, fault } = readCapture(Buffer.concat(pieces));
    expect(fault).toBeNull();
    const comments = frames.map(({ texts }) => texts.join());
    for (const id of report.verdicts.flatMap(({ evidence }) => evidence)) {
      expect(
        comments.some((text) => text.includes(id)),
        id,
      ).toBe(true);
    }
    await expect(replayPieces(pieces)).rejects.toThrow(
      'not replayable: the run was too large, over 1,000,000 probes',
    );
  });
});
