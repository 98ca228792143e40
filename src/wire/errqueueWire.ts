/**
 * The wire for ordinary users on Linux: kernel sockets whose error queues tell each ICMP error with type, code and sender.
 *
 * UDP goes out of one unconnected socket a family; a TCP probe is a connect() on a socket of a pool. Nobody cancels an
 * attempt: one that a newer attempt of the same probe and tag has overtaken lives on for late answers, until its socket
 * is needed or CONNECT_TIMEOUT_MS have passed. UDP signals carry no probe number: the matching engine finds it by
 * `dst`:`dstPort` or `from`:`fromPort`.
 *
 * A row with `minTtl` also hides ICMP errors that quote a lower TTL than that (kernel: tcp_v4_err).
 */
import { createSignalBatch, type ProbeBatch, SIGNAL } from '../batch.ts';
import type { Family, TargetTable, Wire } from '../model.ts';
import { CAN } from './can.ts';
import { createOtherRows, toProbeColumns, toSignalColumns } from './errqueueRows.ts';
import { type Columns, loadNative, type NativeAddon, type NativeWire } from './native.ts';
import { createOwnSideReader } from './ownSide.ts';
import { toSlots } from './tcpSlots.ts';

/** What an error-queue wire is opened with. */
export interface ErrqueueOptions {
  readonly targets: TargetTable;
  /** Why this wire was chosen, for the report. */
  readonly note?: string;
}

/** Pending connects older than this are given up; longer than any sensible wait for one answer. */
const CONNECT_TIMEOUT_MS = 15_000;
/** Answers on a direct link come within this; going to sleep on another thread would take longer. */
const SHORT_WAIT_MS = 0.3;
/** While answers keep coming, timers and signals (Ctrl-C) get their turn this often. */
const YIELD_EVERY_MS = 20;
/** The addon takes finite times; it returns early anyway. */
const MAX_WAIT_MS = 1000;

/** Opens the wire, or says why it cannot be had here. */
export function openErrqueueWire(options: ErrqueueOptions): Wire | { unavailable: string } {
  const loaded = loadNative();
  if ('unavailable' in loaded) return loaded;
  const { addon } = loaded;
  const slots = toSlots(addon.fileLimit());
  if (typeof slots === 'string') return { unavailable: slots };
  try {
    return createErrqueueWire(addon, addon.open(slots, CONNECT_TIMEOUT_MS), slots, options);
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) };
  }
}

function createErrqueueWire(
  native: NativeAddon,
  handle: NativeWire,
  slots: number,
  options: ErrqueueOptions,
): Wire {
  const { targets } = options;
  const targetColumns: Columns = [targets.bytes, targets.families, targets.scopeIds];
  const signals = createSignalBatch();
  const signalColumns = toSignalColumns(signals);
  const ownSide = createOwnSideReader(native, targets);
  const others = createOtherRows(targets);
  const datagrams: Record<Family, number> = { 4: 0, 6: 0 };
  let batch: ProbeBatch | undefined;
  let probeColumns: Columns = [];
  let yieldedMs = native.nowMs();
  let isOpen = true;

  const facts = () => {
    const { kernelDrops, bufferFull, eventsLost } = native.counters(handle);
    return { overflow: kernelDrops! + bufferFull! + eventsLost! > 0, datagrams };
  };
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    process.off('exit', close);
    native.close(handle);
  };
  const drain = () => {
    signals.count = others.moveTo(signals) || native.drain(handle, signalColumns);
    for (let row = 0; row < signals.count; row++) {
      if (signals.kind[row] === SIGNAL.DATAGRAM) datagrams[signals.family[row] as Family]++;
    }
    return signals.count > 0;
  };
  // Node joins its threads before it exits, and one of them may be waiting for us.
  process.on('exit', close);

  return {
    kind: 'errqueue',
    note: options.note ?? 'kernel sockets with their error queues',
    can: { ...CAN.errqueue, echo: native.canEcho(), maxTcpInFlight: slots },
    nowMs: () => native.nowMs(),
    send(probes) {
      if (probes !== batch) {
        probeColumns = toProbeColumns(probes);
        batch = probes;
      }
      const left = native.send(handle, targetColumns, probeColumns, probes.count);
      if (left === 0) return;
      others.take(probes, native.nowMs(), (inquired) => ownSide.read(inquired, facts()));
    },
    async next(untilMs) {
      while (isOpen) {
        const nowMs = native.nowMs();
        if (nowMs - yieldedMs > YIELD_EVERY_MS) {
          await yieldToEventLoop();
          yieldedMs = native.nowMs();
          if (!isOpen) break;
        }
        if (drain() || nowMs >= untilMs) return signals;
        native.pause(handle, 1000 * Math.min(SHORT_WAIT_MS, untilMs - nowMs));
        if (drain()) return signals;
        if (untilMs - native.nowMs() <= SHORT_WAIT_MS) continue;
        await native.wait(handle, Math.min(untilMs, nowMs + MAX_WAIT_MS));
        yieldedMs = native.nowMs();
      }
      signals.count = 0;
      return signals;
    },
    counters: () => {
      const counted = native.counters(handle);
      const { kernelDrops, bufferFull, eventsLost } = counted;
      return { ...counted, ringDrops: kernelDrops! + bufferFull! + eventsLost! };
    },
    close,
  };
}

function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
