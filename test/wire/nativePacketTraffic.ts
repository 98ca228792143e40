/** Scenes of sending and receiving through the packet port. */
import { createSocket } from 'node:dgram';
import { Worker } from 'node:worker_threads';
import { parseIp } from '../../src/packet/address.ts';
import type { NativePacketPort } from '../../src/wire/native.ts';
import {
  across,
  here,
  hex,
  ifindex,
  LATE_STAMP,
  loopback,
  mac,
  native,
  numbered,
  PORT,
  type Scene,
  there,
} from './nativePacketGround.ts';
import {
  datagram,
  drainRows,
  keep,
  RAW_HOP,
  sendRows,
  takeRows,
  udpAndIcmp,
  udpTo,
} from './nativePacketRows.ts';

/** Names of the scenes. */
export type TrafficName =
  | 'link'
  | 'loopback'
  | 'filter'
  | 'wrap'
  | 'shared'
  | 'overflow'
  | 'errors'
  | 'flags'
  | 'reserve'
  | 'ownSide';

const serialOf = (row: { readonly hex: string }) =>
  Number.parseInt(row.hex.slice(2 * 28, 2 * 32), 16);

/** Returns when the kernel stamps packets on arrival, which takes it a moment; it goes on while the port is open. */
async function startStamps(): Promise<NativePacketPort> {
  const port = native.packetOpen(udpTo(PORT), 0);
  for (let flags = LATE_STAMP; flags & LATE_STAMP; ) {
    sendRows(native, port, numbered(1, 4), [across(4, 'left')]);
    flags = (await takeRows(native, port, 1))[0]!.flags;
  }
  return port;
}

/** Scenes by name. */
export const traffic: Readonly<Record<TrafficName, Scene>> = {
  async link({ family, ringBytes }) {
    const stamping = await startStamps();
    const port = native.packetOpen(udpTo(PORT), ringBytes);
    const packets = [4, 5, 600, 1400, 7].map((length, i) =>
      datagram(family, here[family], there[family], PORT, length, i),
    );
    const beginMs = native.nowMs();
    const { errors, sentMs } = sendRows(native, port, packets, [across(family, 'left')]);
    const endMs = native.nowMs();
    const rows = await takeRows(native, port, packets.length);
    const counters = native.packetCounters(port);
    native.packetClose(port);
    native.packetClose(stamping);
    const right = ifindex('right');
    return { packets: packets.map(hex), beginMs, endMs, errors, sentMs, rows, counters, right };
  },

  async loopback({ family, ringBytes }) {
    const port = native.packetOpen(udpTo(PORT), ringBytes);
    native.packetReserve(port, PORT);
    const packets = [4, 5, 6000].map((length, i) =>
      datagram(family, loopback[family], loopback[family], PORT, length, i),
    );
    const { errors } = sendRows(native, port, packets, [RAW_HOP]);
    const rows = await takeRows(native, port, packets.length);
    native.packetClose(port);
    return { packets: packets.map(hex), errors, rows, lo: ifindex('lo') };
  },

  /** A flood of foreign packets runs while ports are opened; each hears its own packet alone. */
  async filter({ ringBytes }) {
    const port = native.packetOpen(keep(64), 0);
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(
      `const { workerData } = require('node:worker_threads');
       const native = require(workerData.file);
       const port = native.packetOpen(workerData.reject, 0);
       native.packetReserve(port, 9);
       const count = 64;
       const offset = new Uint32Array(count), hop = new Uint16Array(count), error = new Uint16Array(count);
       const length = new Uint16Array(count).fill(workerData.packet.length), sentMs = new Float64Array(count);
       while (Atomics.load(workerData.shared, 0) === 0) {
         native.packetSend(port, workerData.packet, offset, length, hop, workerData.hops, sentMs, error, 0, count);
       }
       native.packetClose(port);`,
      {
        eval: true,
        workerData: {
          shared,
          file: process.env['PU_PROBE_NATIVE'],
          reject: keep(0),
          packet: datagram(4, loopback[4], loopback[4], 9),
          hops: new Uint8Array(48),
        },
      },
    );
    await takeRows(native, port, 1);
    const heard: number[] = [];
    for (let i = 0; i < 10; i++) {
      const filtered = native.packetOpen(udpTo(PORT), ringBytes);
      sendRows(native, filtered, numbered(1, 4, i), [across(4, 'left')]);
      const rows = await takeRows(native, filtered, 1);
      heard.push(...rows.map(({ hex }) => Number.parseInt(hex.slice(44, 48), 16)));
      native.packetClose(filtered);
    }
    const lastMs = native.nowMs();
    let foreign = false;
    while (!foreign) foreign = (await takeRows(native, port, 1)).some(({ atMs }) => atMs > lastMs);
    Atomics.store(shared, 0, 1);
    await new Promise((resolve) => worker.once('exit', resolve));
    return { heard: heard.filter((to) => to === PORT).length, others: heard.length - 10, foreign };
  },

  /** Many times the ring, drained in small steps that end inside of blocks. */
  async wrap({ ringBytes }) {
    const port = native.packetOpen(udpTo(PORT), ringBytes);
    const serials: number[] = [];
    for (let first = 0; first < 12_000; first += 200) {
      sendRows(native, port, numbered(200, 1000, first), [across(4, 'left')]);
      let rows = drainRows(native, port, 77);
      for (; rows.length > 0; rows = drainRows(native, port, 77))
        serials.push(...rows.map(serialOf));
    }
    const rest = await takeRows(native, port, 12_000 - serials.length, 8000, 77);
    serials.push(...rest.map(serialOf));
    const counters = native.packetCounters(port);
    native.packetClose(port);
    return { inOrder: serials.every((serial, i) => serial === i), count: serials.length, counters };
  },

  /** Calls large enough for the second thread; every other row names a link that does not exist. */
  async shared({ ringBytes }) {
    const port = native.packetOpen(udpTo(PORT), ringBytes);
    const good = across(4, 'left');
    const wrong: number[] = [];
    const serials: number[] = [];
    for (let first = 0; first < 20_000; first += 1000) {
      const beginMs = native.nowMs();
      const packets = numbered(1000, 4, first);
      const { errors, sentMs, failed } = sendRows(native, port, packets, [
        good,
        { ...good, ifindex: 9999 },
      ]);
      const endMs = native.nowMs();
      const isRight = (row: number): boolean =>
        (errors[row] !== 0) === (row % 2 === 1) && sentMs[row]! >= beginMs && sentMs[row]! <= endMs;
      wrong.push(...[...errors.keys()].filter((row) => !isRight(row)));
      if (failed !== 500) wrong.push(-failed);
      serials.push(...(await takeRows(native, port, 500)).map(serialOf));
    }
    const counters = native.packetCounters(port);
    native.packetClose(port);
    serials.sort((a, b) => a - b);
    const isWhole = serials.every((serial, i) => serial === 2 * i);
    return { wrong, isWhole, count: serials.length, counters };
  },

  /** Nobody drains while more is sent than there is room for. */
  async overflow({ ringBytes }) {
    const port = native.packetOpen(udpTo(PORT), ringBytes);
    const packets = numbered(1000, 1000);
    for (let i = 0; i < 20; i++) sendRows(native, port, packets, [across(4, 'left')]);
    const full = native.packetCounters(port);
    const rows = await takeRows(native, port, full['received']!);
    sendRows(native, port, packets.slice(0, 5), [across(4, 'left')]);
    const after = await takeRows(native, port, 5);
    native.packetClose(port);
    return { full, rows: rows.length, after: after.map(serialOf) };
  },

  async errors({ ringBytes }) {
    const port = native.packetOpen(udpTo(PORT), ringBytes);
    const good = across(4, 'left');
    const noLink = { ...good, ifindex: 9999 };
    const packets = [numbered(1, 4), numbered(1, 1600), numbered(1, 4), [new Uint8Array(3)]].flat();
    const mixed = sendRows(native, port, packets, [good, good, noLink, RAW_HOP]);
    const many = sendRows(native, port, numbered(200, 4), [good, noLink]);
    const rows = await takeRows(native, port, 101);
    const counters = native.packetCounters(port);
    native.packetClose(port);
    return {
      mixed: mixed.errors,
      failed: mixed.failed,
      many: many.failed,
      rows: rows.length,
      counters,
    };
  },

  async flags({ ringBytes }) {
    const port = native.packetOpen(udpTo(PORT, 40), ringBytes);
    sendRows(native, port, numbered(1, 100), [across(4, 'left')]);
    const [cut] = await takeRows(native, port, 1);
    const socket = createSocket('udp4');
    await new Promise((resolve) => socket.send('hi', PORT, loopback[4], resolve));
    const [unsummed] = await takeRows(native, port, 1);
    socket.close();
    native.packetClose(port);
    return { cut, unsummed };
  },

  /** A stranger's datagram to a reserved port, then one to a free port: only the second is answered. */
  async reserve({ family }) {
    const port = native.packetOpen(udpAndIcmp(1), 0);
    const reserved = native.packetReserve(port, 0);
    const again = native.packetReserve(port, reserved);
    const type = family === 4 ? 'udp4' : 'udp6';
    const taken = await new Promise((resolve) => {
      const socket = createSocket(type);
      socket.once('error', (error) => resolve((error as { code?: string }).code));
      socket.bind(reserved, () => resolve(null));
    });
    const free = reserved === 9 ? 10 : 9;
    const packets = [reserved, reserved, free].map((to) =>
      datagram(family, there[family], here[family], to),
    );
    sendRows(native, port, packets, [across(family, 'right')]);
    const errors: number[] = [];
    while (!errors.includes(free)) {
      for (const { hex } of await takeRows(native, port, 1)) {
        const [typeAt, unreachable, portAt] = family === 4 ? [20, 3, 28 + 22] : [40, 1, 48 + 42];
        const bytes = Buffer.from(hex, 'hex');
        // Other ICMP is neighbours talking.
        if (bytes[typeAt] === unreachable) errors.push(bytes.readUInt16BE(portAt));
      }
    }
    native.packetClose(port);
    const next = native.packetOpen(udpAndIcmp(1), 0);
    const afterClose = native.packetReserve(next, reserved);
    native.packetClose(next);
    return { reserved, again, taken, free, errors, afterClose };
  },

  async ownSide({ family }) {
    const side = native.ownSide(family, parseIp(there[family])!.bytes, 0);
    const local = native.ownSide(family, parseIp(loopback[family])!.bytes, 0);
    const { source, linkAddress, neighbourAddress } = side;
    return {
      side: {
        ...side,
        source: hex(source),
        linkAddress: hex(linkAddress),
        neighbourAddress: hex(neighbourAddress),
      },
      expected: {
        source: hex(parseIp(here[family])!.bytes),
        linkAddress: hex(mac('left')),
        neighbourAddress: hex(mac('right')),
      },
      local: { type: local.linkType, source: hex(local.source), next: hex(local.neighbourAddress) },
    };
  },
};
