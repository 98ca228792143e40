/** How far the walks of a run are, for people who wait: a forecast, which decides nothing. */
import type { Family } from '../model.ts';
import { LINUX_GAP_MS } from '../timing/icmpLimit.ts';
import type { Walk } from './walk.ts';

/** What is still asked at the pace of ICMP limiters, all targets together. */
export interface WalkProgress {
  /** Ports that are not final, and those of them that were named before ranges. */
  readonly waiting: number;
  readonly named: number;
  /** At most about, as if all of them were closed, of the target that takes longest, ms. */
  readonly leftMs: number;
  readonly namedLeftMs: number;
  /** Time between two errors of that target to all of our addresses, ms. */
  readonly gapMs: number;
  /** False: `gapMs` is what Linux has by default. */
  readonly isMeasured: boolean;
  /** Ports between those that turn out to be unlike are asked besides (`--infer-ranges`). */
  readonly mayGrow: boolean;
}

/** Adds up walks; null where none has anything left. */
export function walkProgressOf(
  walks: Iterable<readonly [target: number, walk: Walk]>,
  familyOf: (target: number) => Family,
  mayGrow: boolean,
): WalkProgress | null {
  let waiting = 0;
  let named = 0;
  let leftMs = 0;
  let namedLeftMs = 0;
  let slowest = { gapMs: 0, isMeasured: false };
  for (const [target, walk] of walks) {
    const count = walk.waiting();
    const isMeasured = walk.limit.isMeasured();
    const oneMs = isMeasured ? walk.limit.gapMs() : LINUX_GAP_MS[familyOf(target)];
    // Each of our addresses that is in use has a limit of its own.
    const gapMs = oneMs / walk.askers();
    waiting += count;
    named += walk.namedWaiting();
    namedLeftMs = Math.max(namedLeftMs, walk.namedWaiting() * gapMs);
    if (count * gapMs <= leftMs) continue;
    leftMs = count * gapMs;
    slowest = { gapMs, isMeasured };
  }
  return waiting === 0 ? null : { waiting, named, leftMs, namedLeftMs, ...slowest, mayGrow };
}
