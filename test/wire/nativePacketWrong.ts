/** Calls of the packet port with wrong arguments. */
import type { NativePacketPort } from '../../src/wire/native.ts';
import { native, PORT } from './nativePacketGround.ts';
import { createArrived, HOP_BYTES, keep, toHops, udpTo } from './nativePacketRows.ts';

const any = (value: unknown) => value as never;

/** Arguments of packetSend behind the port: eight rows of one byte each. */
function toArguments(): unknown[] {
  return [
    new Uint8Array(8),
    new Uint32Array(8),
    new Uint16Array(8).fill(1),
    new Uint16Array(8),
    new Uint8Array(HOP_BYTES),
    new Float64Array(8),
    new Uint16Array(8),
    0,
    8,
  ];
}

const arrived = (at: number, by: unknown) =>
  any(Object.values(createArrived(4)).map((column, i) => (i === at ? by : column)));

const longAddress = toHops([{ ifindex: 1, ethertype: 0x0800, address: new Uint8Array(9) }]);
const hugeIndex = toHops([{ ifindex: 2 ** 31, ethertype: 0x0800, address: new Uint8Array(6) }]);

/** By the name of each call, which begins with what it should throw, what it throws; and what the port counted. */
export function wrongCalls(): Record<string, string> {
  const port = native.packetOpen(udpTo(PORT), 0);
  const wire = native.open(1, 1000);
  const send = (at: number, by: unknown) => {
    const list = toArguments().map((value, i) => (i === at ? by : value));
    return (native.packetSend as (...list: unknown[]) => number)(port, ...list);
  };
  const calls: Record<string, () => unknown> = {
    'TypeError: open without arguments': () => (native.packetOpen as () => unknown)(),
    'TypeError: a filter of words': () => native.packetOpen(any(new Uint16Array(4)), 0),
    'TypeError: a ring of text': () => native.packetOpen(keep(1), any('1')),
    'TypeError: a ring below zero': () => native.packetOpen(keep(1), -1),
    'TypeError: a ring too large': () => native.packetOpen(keep(1), 2 ** 31),
    'RangeError: half a step': () => native.packetOpen(keep(1), 2 ** 19),
    'RangeError: a ring of no whole number': () => native.packetOpen(keep(1), 2 ** 20 + 0.5),
    'RangeError: an empty filter': () => native.packetOpen(new Uint8Array(0), 0),
    'RangeError: half an instruction': () => native.packetOpen(new Uint8Array(12), 0),
    'RangeError: too many instructions': () => native.packetOpen(new Uint8Array(8 * 4097), 0),
    'Error: a filter that the kernel rejects': () => native.packetOpen(new Uint8Array(8), 0),
    'TypeError: an object as port': () => native.packetClose(any({})),
    'TypeError: null as port': () => native.packetMemory(any(null)),
    'TypeError: a wire as port': () => native.packetCounters(any(wire)),
    'TypeError: a port as wire': () => native.counters(any(port)),
    'TypeError: a port number too large': () => native.packetReserve(port, 65536),
    'TypeError: a negative port number': () => native.packetReserve(port, -1),
    'TypeError: pause for too long': () => native.packetPause(port, 1001),
    'TypeError: pause for NaN': () => native.packetPause(port, Number.NaN),
    'TypeError: wait for ever': () => native.packetWait(port, Number.POSITIVE_INFINITY),
    'TypeError: wait without a port': () => native.packetWait(any([]), 0),
    'TypeError: columns that are none': () => native.packetDrain(port, any(0)),
    'TypeError: a column missing': () => native.packetDrain(port, arrived(5, undefined)),
    'TypeError: a column of another type': () =>
      native.packetDrain(port, arrived(2, new Float32Array(4))),
    'TypeError: send without rows': () =>
      (native.packetSend as (port: NativePacketPort) => number)(port),
    'TypeError: an arena of words': () => send(0, new Uint16Array(8)),
    'TypeError: signed offsets': () => send(1, new Int32Array(8)),
    'TypeError: a plain array of times': () => send(5, [0, 0, 0, 0, 0, 0, 0, 0]),
    'TypeError: a count below zero': () => send(8, -1),
    'RangeError: more rows than the columns hold': () => send(8, 9),
    'RangeError: rows behind the columns': () => send(7, 1),
    'RangeError: a short column of offsets': () => send(1, new Uint32Array(7)),
    'RangeError: a short column of errors': () => send(6, new Uint16Array(7)),
    'RangeError: a packet behind the arena': () => send(1, new Uint32Array(8).fill(8)),
    'RangeError: a packet far behind the arena': () =>
      send(1, new Uint32Array(8).fill(2 ** 32 - 1)),
    'RangeError: a packet longer than the arena': () => send(2, new Uint16Array(8).fill(9)),
    'RangeError: a hop that does not exist': () => send(3, new Uint16Array(8).fill(1)),
    'RangeError: half a hop': () => send(4, new Uint8Array(HOP_BYTES - 1)),
    'RangeError: a link-layer address of 9 bytes': () => send(4, longAddress),
    'RangeError: an ifindex beyond all': () => send(4, hugeIndex),
    'nothing: no rows at all': () => send(8, 0),
    'nothing: room for nothing': () => native.packetDrain(port, Object.values(createArrived(0))),
  };
  const thrown = Object.entries(calls).map(([name, call]) => {
    try {
      call();
      return [name, 'nothing'];
    } catch (error) {
      return [name, (error as Error).name];
    }
  });
  const { sent, sendFailed } = native.packetCounters(port);
  native.packetClose(port);
  native.close(wire);
  return { ...Object.fromEntries(thrown), sent: String(sent), sendFailed: String(sendFailed) };
}
