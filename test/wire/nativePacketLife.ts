/** Scenes of opening, closing and misusing a packet port. */
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import {
  across,
  codeOf,
  loopback,
  native,
  numbered,
  PORT,
  type Scene,
} from './nativePacketGround.ts';
import {
  datagram,
  drainRows,
  keep,
  RAW_HOP,
  sendRows,
  takeRows,
  udpTo,
} from './nativePacketRows.ts';
import { wrongCalls } from './nativePacketWrong.ts';

/** Names of the scenes. */
export type LifeName =
  | 'open'
  | 'closing'
  | 'collected'
  | 'scribbled'
  | 'privileges'
  | 'exit'
  | 'worker'
  | 'arguments';

/** Scenes by name. */
export const life: Readonly<Record<LifeName, Scene>> = {
  async open({ ringBytes }) {
    return codeOf(() => native.packetOpen(keep(64), ringBytes));
  },

  async closing({ ringBytes }) {
    const port = native.packetOpen(udpTo(PORT), ringBytes);
    const memory = native.packetMemory(port);
    sendRows(native, port, numbered(3, 100), [across(4, 'left')]);
    const before = await takeRows(native, port, 3);
    const wait = native.packetWait(port, native.nowMs() + 1e7);
    const secondWait = codeOf(() => native.packetWait(port, 0));
    native.packetClose(port);
    native.packetClose(port);
    await wait;
    native.packetPause(port, 1000);
    await native.packetWait(port, native.nowMs() + 1e7);
    return {
      before: before.length,
      secondWait,
      memory: [
        memory === native.packetMemory(port),
        memory.length,
        memory.every((byte) => byte === 0),
      ],
      drained: drainRows(native, port).length,
      sent: sendRows(native, port, numbered(2, 4), [RAW_HOP]),
      reserved: native.packetReserve(port, 0),
      counters: native.packetCounters(port),
    };
  },

  /** Ports that nobody holds any more are collected; an array of one of them stays readable. */
  async collected({ ringBytes }) {
    const memories: Uint8Array[] = [];
    for (let i = 0; i < 20; i++) {
      const memory = native.packetMemory(native.packetOpen(udpTo(PORT), ringBytes));
      if (i % 4 === 0) memories.push(memory);
    }
    const countSockets = () =>
      readFileSync('/proc/self/net/packet', 'utf8').trim().split('\n').length - 1;
    const opened = countSockets();
    const untilMs = native.nowMs() + 8000;
    while (countSockets() > 0 && native.nowMs() < untilMs) {
      (globalThis as unknown as { gc(): void }).gc();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const sockets = [opened, countSockets()];
    return { sockets, readable: memories.every((memory) => memory.every((byte) => byte === 0)) };
  },

  /** What JavaScript writes into the ring leads nowhere outside of it. */
  async scribbled({ ringBytes }) {
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed;
    };
    for (let round = 0; round < 40; round++) {
      const port = native.packetOpen(udpTo(PORT), ringBytes);
      const memory = native.packetMemory(port);
      const words = new Uint32Array(memory.buffer, 0, memory.length / 4);
      sendRows(native, port, numbered(100, 100), [across(4, 'left')]);
      await native.packetWait(port, native.nowMs() + 20);
      if (round === 0) memory.fill(255);
      for (let i = 0; i < 2000; i++) {
        // Near the head of a block, where the numbers are that are followed.
        const block = (random() % (memory.length >> 17)) << 15;
        words[block + (random() % 64)] = random() % 3 === 0 ? random() : random() % 4096;
        if (i % 50 === 0) drainRows(native, port, 77);
      }
      native.packetClose(port);
    }
    return true;
  },

  async privileges({ ringBytes }) {
    const port = native.packetOpen(udpTo(PORT), ringBytes);
    native.packetReserve(port, PORT);
    const dropped = native.dropPrivileges();
    const status = readFileSync('/proc/thread-self/status', 'utf8');
    const capabilities = [...status.matchAll(/^Cap(Inh|Prm|Eff|Amb):\s*(\S+)$/gm)].map(
      ([, name, set]) => [name, Number.parseInt(set!, 16)] as const,
    );
    const packets = [numbered(1, 4)[0]!, datagram(4, loopback[4], loopback[4], PORT)];
    const { errors } = sendRows(native, port, packets, [across(4, 'left'), RAW_HOP]);
    const rows = await takeRows(native, port, 2);
    const reserved = native.packetReserve(port, 0) > 0;
    const low = native.packetReserve(port, 7);
    const next = codeOf(() => native.packetOpen(udpTo(PORT), 0));
    const again = native.dropPrivileges();
    native.packetClose(port);
    const set = Object.fromEntries(capabilities);
    return { dropped, again, set, errors, rows: rows.length, reserved, low, next };
  },

  /** Leaves with a wait under way and ports open. */
  async exit({ ringBytes }) {
    const port = native.packetOpen(udpTo(PORT), ringBytes);
    native.packetReserve(port, 0);
    void native.packetWait(port, native.nowMs() + 1e7);
    await new Promise((resolve) => setImmediate(resolve));
    process.stdout.write('"left"');
    process.exit(0);
  },

  async worker({ ringBytes }) {
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
       const native = require(workerData.file);
       globalThis.port = native.packetOpen(workerData.filter, workerData.ringBytes);
       native.packetWait(port, native.nowMs() + 1e7);
       parentPort.postMessage(native.packetMemory(port).length);`,
      {
        eval: true,
        workerData: { file: process.env['PU_PROBE_NATIVE'], filter: keep(64), ringBytes },
      },
    );
    const length = await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
    return length;
  },

  /** What each wrong call throws. */
  async arguments() {
    return wrongCalls();
  },
};
