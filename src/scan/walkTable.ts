/** The walks of a run by their target: which may have something to send, and which is to be looked at when. */
import { createDeadlines } from './deadlines.ts';
import type { Walk, Walked } from './walk.ts';

/** Walks by their target, each looked at when it asks for it. */
export interface WalkTable {
  readonly walks: ReadonlyMap<number, Walk>;
  add(target: number, walk: Walk): void;
  remove(target: number): void;
  /** There is something to do for the walk of this target now. */
  wake(target: number, nowMs: number): void;
  /** Something was told to the walk of this target, which changes when it wants to go on. */
  told(target: number): void;
  /** The next probe that is due, or null. */
  take(nowMs: number): Walked | null;
  isReady(): boolean;
  /** Lets those draw conclusions that are due; `onTurn` gets each of them. */
  advance(nowMs: number, onTurn: (target: number, walk: Walk) => void): void;
  wakeAtMs(): number;
}

/** Creates an empty table. */
export function createWalkTable(): WalkTable {
  const walks = new Map<number, Walk>();
  const due = createDeadlines(64);
  const wakeMs = new Map<number, number>();
  /** Targets whose walks may have something to send now. */
  const ready = new Set<number>();

  const told = (target: number): void => {
    const atMs = walks.get(target)!.wakeAtMs();
    if (wakeMs.get(target) === atMs || atMs === Number.POSITIVE_INFINITY) return;
    wakeMs.set(target, atMs);
    due.push(atMs, target);
  };

  return {
    walks,
    add: (target, walk) => void walks.set(target, walk),
    remove(target) {
      walks.delete(target);
      ready.delete(target);
      wakeMs.delete(target);
    },
    wake(target, nowMs) {
      ready.add(target);
      due.push(nowMs, target);
      wakeMs.set(target, nowMs);
    },
    told,
    take(nowMs) {
      for (const target of ready) {
        const walked = walks.get(target)!.take(nowMs);
        if (walked !== null) return walked;
        ready.delete(target);
        told(target);
      }
      return null;
    },
    isReady: () => ready.size > 0,
    advance(nowMs, onTurn) {
      while (due.peekMs() <= nowMs) {
        const target = due.pop();
        const walk = walks.get(target);
        if (walk === undefined) continue;
        wakeMs.delete(target);
        walk.advance(nowMs);
        // Its next time is known when it has sent what is due.
        ready.add(target);
        onTurn(target, walk);
      }
    },
    wakeAtMs: () => due.peekMs(),
  };
}
