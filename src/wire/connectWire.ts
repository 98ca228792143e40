/**
 * The wire of last resort: Node's own sockets, nothing native. A refused or failed socket keeps an errno and no sender,
 * so the verdicts are wider (truth.md, column C). Sockets are what is scarce here; p-limit bounds the open connects.
 */
import pLimit from 'p-limit';
import {
  PROTO_OWN_SIDE,
  PROTO_TCP,
  PROTO_UDP,
  type ProbeBatch,
  SIGNAL,
  type SignalBatch,
} from '../batch.ts';
import { ERRNO } from '../errno.ts';
import type { TargetTable, Wire } from '../model.ts';
import { CAN } from './can.ts';
import { createConnectSockets } from './connectSockets.ts';
import { createEventWait } from './eventWait.ts';
import { hasCarrier } from './localInterfaces.ts';
import { createOwnCounters } from './ownCounters.ts';
import { LOOKUP_FAULTS } from './ownSide.ts';
import { readProcRoute } from './procRoute.ts';
import { type Ask, askOf, createSignalSink } from './signalSink.ts';

/** What a connect wire is opened with. */
export interface ConnectWireOptions {
  readonly targets: TargetTable;
  readonly note: string;
}

/** Opens the wire; it can always be had. */
export function openConnectWire({ targets, note }: ConnectWireOptions): Wire {
  const limit = pLimit(CAN.connect.maxTcpInFlight);
  const counters = createOwnCounters(targets);
  const nowMs = (): number => performance.now();
  const events = createEventWait(nowMs);
  let isClosed = false;
  let datagrams = 0;
  const sink = createSignalSink(targets, nowMs, events.wake);
  const tell: Parameters<typeof createConnectSockets>[1] = (kind, ask, fields) => {
    if (isClosed) return;
    if (kind === SIGNAL.DATAGRAM) datagrams += 1;
    sink.add(kind, ask, fields);
  };
  const sockets = createConnectSockets(targets, tell, () => limit.pendingCount > 0);

  const askOwnSide = (ask: Ask): void => {
    const family = targets.families[ask.target] === 6 ? 6 : 4;
    sockets.lookUpRoute(ask.target, async (routeErrno, source) => {
      const way = await readProcRoute(targets.bytes, ask.target * 16, family);
      if (isClosed) return;
      const isLocal = source === targets.ip(ask.target);
      const isFault = routeErrno !== null && LOOKUP_FAULTS.has(routeErrno);
      const said = routeErrno !== null ? 'none' : isLocal ? 'local' : way.route;
      sink.add(SIGNAL.OWN_SIDE, ask, {
        ownSide: {
          target: ask.target,
          ...way,
          route: isFault ? 'unknown' : said,
          routeErrno,
          carrier: way.interface === null ? null : hasCarrier(way.interface),
          ...counters.readUntold(family, datagrams),
          overflow: sink.lost() > 0,
        },
      });
    });
  };

  const sendRow = (batch: ProbeBatch, row: number): void => {
    batch.sentMs[row] = nowMs();
    const ask = askOf(batch, row);
    if (ask.protocol === PROTO_TCP) void limit(() => sockets.connectOnce(ask));
    else if (ask.protocol === PROTO_OWN_SIDE) askOwnSide(ask);
    else if (ask.protocol === PROTO_UDP) {
      const at = batch.offset[row]!;
      sockets.sendUdp(ask, batch.bytes.slice(at, at + batch.length[row]!));
    } else tell(SIGNAL.SEND_FAILED, ask, { errno: ERRNO.EPROTONOSUPPORT });
  };

  return {
    kind: 'connect',
    note,
    can: CAN.connect,
    nowMs,
    send(batch) {
      for (let row = 0; row < batch.count; row++) sendRow(batch, row);
    },
    async next(untilMs): Promise<SignalBatch> {
      // The sockets' events need a turn of the event loop, even when there is something already.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (sink.count() === 0 && !isClosed) {
        await events.until(untilMs);
      }
      return sink.take();
    },
    counters: () => ({ lostSignals: sink.lost() }),
    close() {
      isClosed = true;
      sockets.close();
      events.wake();
    },
  };
}
