/** Which of our addresses a walk may ask from: each is tested before it is used (sourceTest.ts). */

import { createSourceTest, type SourceTest, type SourceTestOutcome } from './sourceTest.ts';
import type { WaitingPorts } from './waitingPorts.ts';
import type { WalkBucket } from './walkBucket.ts';
import type { WalkCanaries } from './walkCanaries.ts';

/** Whose bucket it is: one for each address that asks, one for all; null: not known. */
export type LimiterScope = 'source' | 'host' | null;

/** The tests of one walk. */
export interface WalkSources {
  /** The test that is on its way. */
  readonly test: () => SourceTest | null;
  /** Begins the next test, if one is wanted now and can be had; the first address asks nothing meanwhile. */
  begin(nowMs: number): void;
  /** The first address begins no round: a test is on its way, or waits for its token. */
  holdsFirst(): boolean;
  /** Ports that wait and are asked in the test. */
  asks(): number;
  /** Ends a test that is done; the address that may be used from now on, or -1. */
  end(nowMs: number): number;
  /** When the next test is wanted, ms; Infinity when there is none. */
  wakeAtMs(): number;
  readonly scope: () => LimiterScope;
}

/** What tests are made of. */
export interface WalkSourcesOptions {
  /** Our addresses. */
  readonly count: number;
  readonly first: WalkBucket;
  readonly ports: WaitingPorts;
  readonly canaries: WalkCanaries;
  /** Addresses in use. */
  readonly inUse: () => number;
  readonly waitMs: () => number;
}

/** Known closed ports that the first address asks: before the other one, and after it. */
const BEFORE = 1;
const AFTER = 2;
/** Ports that the other address asks; where too few of those that wait are closed, known closed ones the second time. */
const WAITING = 4;
const KNOWN = 3;
/** With fewer ports that wait another address is of no use. */
const MIN_PORTS = 12;
/** A new address has a full bucket: the next one comes so much later, for the bucket of the whole host, ms. */
const PAUSE_MS = 50;
/** The whole host of a stock Linux kernel sends 1,000 errors a second (icmp_msgs_per_sec); all our addresses take a quarter. */
const MAX_PER_MS = 0.25;
/** Tests of one address, and those that showed nothing in all. */
const MAX_TRIES = 2;
const MAX_UNCLEAR = 20;
/** Tries to be answered at all from an address that found no bucket of its own. */
const MAX_ALIVE = 5;

/** Creates the tests before the first one. */
export function createWalkSources(options: WalkSourcesOptions): WalkSources {
  const { count, first, ports, canaries, waitMs } = options;
  const { limit } = first.pace;
  let test: SourceTest | null = null;
  /** Whether the test asks only if the other address is answered at all. */
  let isAliveTest = false;
  let next = 1;
  let refused = -1;
  let tries = 0;
  let unclear = 0;
  let aliveTries = 0;
  let nextMs = Number.NEGATIVE_INFINITY;
  let scope: LimiterScope = null;

  const isTesting = (): boolean => next < count && unclear < MAX_UNCLEAR;
  const isWanted = (): boolean => isTesting() && ports.size() >= MIN_PORTS;
  const wantsAlive = (): boolean =>
    !isTesting() &&
    refused > 0 &&
    scope === null &&
    aliveTries < MAX_ALIVE &&
    first.pace.limit.gaps() > 0;

  const beginTest = (): void => {
    const isKnown = tries > 0;
    const own = BEFORE + AFTER;
    if (canaries.size() < own + (isKnown ? KNOWN : 0)) return;
    const mine = canaries.take(own);
    const others = isKnown ? canaries.take(KNOWN) : ports.take(WAITING);
    const asked = { before: mine.slice(0, BEFORE), others, after: mine.slice(BEFORE) };
    test = createSourceTest({ ...asked, source: next, waitMs });
  };

  /** The limiter has a token for the first address: it is asked for from the other one. */
  const beginAlive = (): void => {
    if (canaries.size() === 0) return;
    aliveTries += 1;
    isAliveTest = true;
    const others = canaries.take(1);
    test = createSourceTest({ before: [], others, after: [], source: refused, waitMs });
  };

  /** What a finished test of the next address says; the address if it may be used, else -1. */
  const conclude = (outcome: SourceTestOutcome): number => {
    const tested = next;
    if (outcome === 'unclear') {
      unclear += 1;
      return -1;
    }
    tries += 1;
    if (outcome === 'dry' && tries < MAX_TRIES) return -1;
    if (outcome === 'separate') scope = 'source';
    else if (refused < 0) refused = tested;
    next += 1;
    tries = 0;
    return outcome === 'separate' ? tested : -1;
  };

  const giveBack = (probe: number): void => {
    canaries.giveBack(probe);
    if (ports.isWaiting(probe)) ports.giveBack(probe);
  };

  return {
    test: () => test,
    begin(nowMs) {
      if (test !== null || nowMs < nextMs || first.isAsking()) return;
      const hasRoom = options.inUse() + 1 <= MAX_PER_MS * limit.gapMs();
      if (isWanted() && hasRoom && !limit.isFast()) beginTest();
      else if (wantsAlive() && first.pace.isOverdue(nowMs)) beginAlive();
      nextMs = nowMs + PAUSE_MS;
    },
    holdsFirst: () => test !== null || wantsAlive(),
    asks: () => test?.probes.filter(ports.isWaiting).length ?? 0,
    end(nowMs) {
      if (test === null || !test.isDone(nowMs)) return -1;
      const done = test;
      const [own, others] = done.answers();
      for (const probe of done.probes) giveBack(probe);
      test = null;
      nextMs = nowMs + PAUSE_MS;
      if (own > 0 || (isAliveTest && others > 0)) first.pace.noteToken(nowMs);
      if (!isAliveTest) return conclude(done.outcome());
      isAliveTest = false;
      if (others > 0) scope = 'host';
      return -1;
    },
    wakeAtMs() {
      if (test !== null) return test.wakeAtMs();
      if (first.isAsking()) return Number.POSITIVE_INFINITY;
      if (wantsAlive()) return Math.max(nextMs, first.pace.overdueMs());
      return isWanted() ? nextMs : Number.POSITIVE_INFINITY;
    },
    scope: () => scope,
  };
}
