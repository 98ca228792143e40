/** The parts of the packet wire that need no network: neighbours, sorting of what came in, resets. */
import { describe, expect, it, vi } from 'vitest';
import { PROTO_TCP } from '../../src/batch.ts';
import { parseIp } from '../../src/packet/address.ts';
import { ARP_BYTES } from '../../src/packet/arp.ts';
import { sumIp } from '../../src/packet/checksum.ts';
import { createIpView, emitIp, IP_PROTOCOL, readIp } from '../../src/packet/ip.ts';
import { createTcpView, emitTcp, readTcp, TCP_FLAG } from '../../src/packet/tcp.ts';
import { checkTransport } from '../../src/packet/transport.ts';
import type { NativeAddon, NativeOwnSide, NativePacketPort } from '../../src/wire/native.ts';
import { createNeighbours, type WaitingPacket } from '../../src/wire/neighbours.ts';
import { ETHER_TYPE } from '../../src/wire/packetFilter.ts';
import { createPacketReceiver } from '../../src/wire/packetReceiver.ts';
import type { Link, PacketSender } from '../../src/wire/packetSender.ts';
import { emitReset, isSynAck, RESET_BYTES } from '../../src/wire/synAckReset.ts';

const bytesOf = (text: string): Uint8Array => {
  const out = new Uint8Array(16);
  out.set(parseIp(text)!.bytes.subarray(0, 16));
  return out;
};
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const THEIR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 2);

/** A sender that keeps what it was given. */
function fakeSender(rows = 100) {
  const sent: { readonly bytes: Uint8Array; readonly link: Link }[] = [];
  const arena = new Uint8Array(4096);
  const sender: PacketSender = {
    arena,
    room: () => (sent.length < rows ? 0 : -1),
    add: (length, link) => sent.push({ bytes: arena.slice(0, length), link }) - 1,
    flush: () => undefined,
  };
  return { sender, sent };
}

const found = (neighbour: number, address: Uint8Array): NativeOwnSide =>
  ({
    index: 7,
    neighbour,
    neighbourAddress: address,
    linkAddress: MAC,
    source: bytesOf('10.0.0.1'),
  }) as unknown as NativeOwnSide;

const reply = (ip: string, mac: Uint8Array): Uint8Array =>
  Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 2, ...mac, ...bytesOf(ip).subarray(0, 4), ...MAC, 10, 0, 0, 1);

const NONE = new Uint8Array(0);
const NUD = { NONE: 0, INCOMPLETE: 1, REACHABLE: 2, STALE: 4, FAILED: 0x20 } as const;

/** What a waiting packet asks. */
const ASKED = { probe: 0, attempt: 1, tag: 0 } as const;

describe('neighbours', () => {
  const meet = (state: number, mac: Uint8Array, rows?: number, mayTell = () => true) => {
    const { sender, sent } = fakeSender(rows);
    const ready: WaitingPacket[] = [];
    const neighbours = createNeighbours(sender, (_, waiting) => ready.push(...waiting), mayTell);
    const neighbour = neighbours.meet(found(state, mac), 4, bytesOf('10.0.0.5'));
    return { neighbours, neighbour, sent, ready };
  };

  it('that the kernel knows are not asked for', () => {
    const { neighbours, neighbour, sent } = meet(NUD.REACHABLE, THEIR_MAC);
    expect(neighbour.state).toBe('ready');
    expect(neighbour.links[4]).toMatchObject({ index: 7, etherType: 0x0800, address: THEIR_MAC });
    neighbours.advance(0);
    expect(sent).toEqual([]);
    expect(neighbours.check(neighbour)).toBe('reachable');
    expect(neighbours.wakeAtMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    ['unknown', NUD.NONE, NONE],
    ['incomplete', NUD.INCOMPLETE, NONE],
    ['failed, with an address of old', NUD.FAILED, THEIR_MAC],
  ])('%s: asked four times, then given up', (_, state, mac) => {
    const { neighbours, neighbour, sent } = meet(state, mac);
    neighbour.waiting.push({ family: 4, bytes: Uint8Array.of(1), ...ASKED });
    const askedAt: number[] = [];
    for (let nowMs = 0; neighbours.asking() > 0; nowMs = neighbours.wakeAtMs()) {
      const before = sent.length;
      neighbours.advance(nowMs);
      if (sent.length > before) askedAt.push(nowMs);
    }
    expect(askedAt).toEqual([0, 150, 500, 1000]);
    expect(sent[0]!.bytes).toHaveLength(ARP_BYTES);
    expect(sent[0]!.link).toMatchObject({
      etherType: 0x0806,
      address: new Uint8Array(6).fill(255),
    });
    expect(neighbours.check(neighbour)).toBe('failed');
    expect(neighbour.waiting).toEqual([]);
  });

  it('an answer lets go what waited, by its address and interface alone', () => {
    const { neighbours, neighbour, ready } = meet(NUD.NONE, NONE);
    const waiting = { family: 4, bytes: Uint8Array.of(9), ...ASKED } as const;
    neighbour.waiting.push(waiting);
    neighbours.advance(0);
    neighbours.takeArp(reply('10.0.0.6', THEIR_MAC), 0, 28, 7);
    neighbours.takeArp(reply('10.0.0.5', THEIR_MAC), 0, 28, 8);
    expect(neighbours.check(neighbour)).toBe('incomplete');
    neighbours.takeArp(reply('10.0.0.5', THEIR_MAC), 0, 28, 7);
    expect(neighbours.check(neighbour)).toBe('reachable');
    expect(neighbour.links[4].address).toEqual(THEIR_MAC);
    expect(ready).toEqual([waiting]);
    expect(neighbours.asking()).toBe(0);
  });

  it('an old entry is believed until somebody doubts it, and asked for once', () => {
    const { neighbours, neighbour, sent } = meet(NUD.STALE, THEIR_MAC);
    expect(neighbour.state).toBe('ready');
    expect(neighbours.check(neighbour)).toBe('stale');
    expect(neighbours.check(neighbour)).toBe('stale');
    neighbours.advance(5);
    expect(sent).toHaveLength(1);
    neighbours.takeArp(reply('10.0.0.5', THEIR_MAC), 0, 28, 7);
    expect(neighbours.check(neighbour)).toBe('reachable');
    expect(neighbours.asking()).toBe(0);
  });

  it('an old entry whose neighbour is silent is none any more, also while nobody may be given up', () => {
    const { neighbours, neighbour } = meet(
      NUD.STALE,
      THEIR_MAC,
      Number.POSITIVE_INFINITY,
      () => false,
    );
    expect(neighbours.check(neighbour)).toBe('stale');
    for (let nowMs = 0; nowMs <= 2100; nowMs += 50) neighbours.advance(nowMs);
    expect(neighbours.check(neighbour)).toBe('incomplete');
    const other = meet(NUD.STALE, THEIR_MAC);
    expect(other.neighbours.check(other.neighbour)).toBe('stale');
    for (let nowMs = 0; nowMs <= 2100; nowMs += 50) other.neighbours.advance(nowMs);
    expect(other.neighbours.check(other.neighbour)).toBe('failed');
  });

  it('a request that finds no room is made at the next turn', () => {
    const { neighbours, sent } = meet(NUD.NONE, NONE, 0);
    neighbours.advance(0);
    expect(sent).toEqual([]);
    expect(neighbours.wakeAtMs()).toBe(0);
  });

  it('of IPv6 are solicited at their group, and believed with a hop limit of 255 alone', () => {
    const { sender, sent } = fakeSender();
    const neighbours = createNeighbours(sender, () => undefined);
    const address = bytesOf('fd00::1:2:3');
    const neighbour = neighbours.meet(found(NUD.NONE, NONE), 6, address);
    neighbours.advance(0);
    expect([...sent[0]!.link.address]).toEqual([0x33, 0x33, 0xff, 2, 0, 3]);
    const advertise = (hopLimit: number): Uint8Array => {
      const body = [136, 0, 0, 0, 0x60, 0, 0, 0, ...address, 2, 1, ...THEIR_MAC];
      const head = [0x60, 0, 0, 0, 0, body.length, 58, hopLimit, ...address, ...bytesOf('fd00::9')];
      return Uint8Array.of(...head, ...body);
    };
    const view = createIpView();
    for (const hopLimit of [64, 255]) {
      const packet = advertise(hopLimit);
      expect(readIp(packet, 0, packet.length, view)).toBe(true);
      neighbours.takeAdvertisement(packet, view, 7);
      expect(neighbour.state).toBe(hopLimit === 255 ? 'ready' : 'asking');
    }
    expect(neighbour.links[6].address).toEqual(THEIR_MAC);
  });
});

/** A segment from the target to our port. */
function segment(family: 4 | 6, flags: number): Uint8Array {
  const src = bytesOf(family === 4 ? '10.0.0.5' : 'fd00::5');
  const dst = bytesOf(family === 4 ? '10.0.0.1' : 'fd00::1');
  const out = new Uint8Array(80);
  const fields = { tos: 0, id: 1, dontFragment: true, flowLabel: 0, ttl: 60, payloadLength: 20 };
  const addresses = { src, srcAt: 0, dst, dstAt: 0 };
  const at = emitIp(out, 0, family, { ...fields, ...addresses, protocol: IP_PROTOCOL.TCP });
  const none = { options: NONE, payload: NONE, payloadAt: 0, payloadLength: 0 };
  const numbers = { srcPort: 443, dstPort: 50_000, seq: 7, ack: 0x8000_0001, window: 100 };
  const addressSum = sumIp(src, 0, family) + sumIp(dst, 0, family);
  return out.slice(0, at + emitTcp(out, at, { ...numbers, ...none, flags, addressSum }));
}

describe.each([4, 6] as const)('a reset over IPv%i', (family) => {
  it('answers a SYN-ACK with its number, from our side', () => {
    const synAck = segment(family, TCP_FLAG.SYN | TCP_FLAG.ACK);
    const view = createIpView();
    readIp(synAck, 0, synAck.length, view);
    expect(isSynAck(synAck, view)).toBe(true);
    const out = new Uint8Array(RESET_BYTES);
    const length = emitReset(out, 0, synAck, view);
    const sent = createIpView();
    expect(readIp(out, 0, length, sent)).toBe(true);
    expect(checkTransport(out, sent)).toBe('ok');
    const tcp = createTcpView();
    readTcp(out, sent.payloadAt, sent.payloadEnd, tcp);
    const expected = { srcPort: 50_000, dstPort: 443, seq: 0x8000_0001, flags: TCP_FLAG.RST };
    expect(tcp).toMatchObject(expected);
    expect(out.subarray(sent.dstAt, sent.dstAt + 4)).toEqual(
      synAck.subarray(view.srcAt, view.srcAt + 4),
    );
  });

  it.each([
    ['a RST', TCP_FLAG.RST | TCP_FLAG.ACK],
    ['data', TCP_FLAG.ACK],
    ['nonsense', TCP_FLAG.SYN | TCP_FLAG.ACK | TCP_FLAG.RST],
  ])('answers no %s', (_, flags) => {
    const other = segment(family, flags);
    const view = createIpView();
    readIp(other, 0, other.length, view);
    expect(isSynAck(other, view)).toBe(false);
  });
});

describe('what a packet wire receives', () => {
  interface Row {
    readonly bytes: Uint8Array;
    readonly etherType: number;
    /** 1: checksum not computed, 2: verified. */
    readonly flags?: number;
  }
  const receive = (rows: readonly Row[]) => {
    const memory = new Uint8Array(4096);
    const native = {
      packetMemory: () => memory,
      packetDrain(_: NativePacketPort, columns: readonly { [index: number]: number }[]) {
        let at = 16;
        for (const [row, { bytes, etherType, flags = 1 }] of rows.entries()) {
          memory.set(bytes, at);
          for (const [column, value] of [at, bytes.length, row, etherType, 7, flags].entries()) {
            columns[column]![row] = value;
          }
          at += bytes.length;
        }
        return rows.length;
      },
    } as unknown as NativeAddon;
    const listener = { arp: vi.fn(), advertisement: vi.fn(), handshake: vi.fn() };
    const receiver = createPacketReceiver(native, {} as NativePacketPort, listener);
    const isForEngine = receiver.drain();
    const kept = Array.from(receiver.signals.atMs.subarray(0, receiver.signals.count));
    return { receiver, listener, isForEngine, kept };
  };
  const tcp4 = segment(4, TCP_FLAG.RST | TCP_FLAG.ACK);
  const tcp6 = segment(6, TCP_FLAG.SYN | TCP_FLAG.ACK);

  it('answers stay, in order; neighbours and strangers’ protocols leave', () => {
    const { kept, listener, receiver, isForEngine } = receive([
      { bytes: reply('10.0.0.5', THEIR_MAC), etherType: ETHER_TYPE.ARP },
      { bytes: tcp4, etherType: ETHER_TYPE.IPV4 },
      { bytes: tcp4, etherType: 0x88cc },
      { bytes: tcp6, etherType: ETHER_TYPE.IPV6 },
    ]);
    expect(isForEngine).toBe(true);
    expect(kept).toEqual([1, 3]);
    expect([...receiver.signals.family.subarray(0, 2)]).toEqual([4, 6]);
    expect(listener.arp).toHaveBeenCalledOnce();
    expect(listener.handshake).toHaveBeenCalledOnce();
    const { offset, length, bytes } = receiver.signals;
    expect(bytes.subarray(offset[1]!, offset[1]! + length[1]!)).toEqual(tcp6);
    expect(bytes[offset[0]! + 9]).toBe(PROTO_TCP);
  });

  it.each([
    ['dropped where it was left to be checked', 0, []],
    ['kept where it was never computed', 1, [0]],
    ['kept where the kernel has verified it', 2, [0]],
  ])('a wrong checksum is %s', (_, flags, expected) => {
    const damaged = tcp4.slice();
    damaged[25]! ^= 1;
    const { kept, receiver } = receive([{ bytes: damaged, etherType: ETHER_TYPE.IPV4, flags }]);
    expect(kept).toEqual(expected);
    expect(receiver.badChecksums()).toBe(1 - expected.length);
  });

  it('nothing for the engine is said so', () => {
    const row = { bytes: reply('10.0.0.5', THEIR_MAC), etherType: ETHER_TYPE.ARP };
    expect(receive([row])).toMatchObject({ isForEngine: false, kept: [] });
    expect(receive([]).isForEngine).toBe(false);
  });
});
