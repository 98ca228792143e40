/** Waiting for an event of Node's sockets, until a time at the latest. */

/** One waiter at a time: whoever waits is woken by the next event. */
export interface EventWait {
  /** Resolves at `untilMs`, or earlier when `wake` is called. */
  until(untilMs: number): Promise<void>;
  wake(): void;
}

/** Creates the wait of a wire by its clock. */
export function createEventWait(nowMs: () => number): EventWait {
  let wake: (() => void) | undefined;
  return {
    async until(untilMs) {
      await new Promise<void>((resolve) => {
        // Timers count whole milliseconds and would end early.
        const timer = setTimeout(resolve, Math.max(0, Math.ceil(untilMs - nowMs())));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = undefined;
    },
    wake: () => wake?.(),
  };
}
