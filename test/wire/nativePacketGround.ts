/** The namespace that the scenes of the packet port run in, as they see it (nativePacket.test.ts makes it). */
import { readFileSync } from 'node:fs';
import { loadNative, type NativeAddon } from '../../src/wire/native.ts';
import { datagram, ETHERTYPE, type Hop } from './nativePacketRows.ts';

/** What a scene is told. */
export interface SceneArguments {
  readonly family: 4 | 6;
  readonly ringBytes: number;
}

/** Does something and tells, as JSON, what was seen. */
export type Scene = (given: SceneArguments) => Promise<unknown>;

const loaded = loadNative();
if ('unavailable' in loaded) throw new Error(loaded.unavailable);

export const native: NativeAddon = loaded.addon;

/** The address of `left`. */
export const here = { 4: '10.1.0.1', 6: 'fd01::1' } as const;
/** Nobody's address: it has a neighbour entry with the hardware address of `right`. */
export const there = { 4: '10.1.0.9', 6: 'fd01::9' } as const;
export const loopback = { 4: '127.0.0.1', 6: '::1' } as const;
/** What most scenes send to. */
export const PORT = 4242;
/** Bit of `flags`. */
export const LATE_STAMP = 8;

/** Hardware address of a device. */
export const mac = (device: string): Uint8Array =>
  Uint8Array.from(
    readFileSync(`/sys/class/net/${device}/address`, 'utf8').trim().split(':'),
    (text) => Number.parseInt(text, 16),
  );
/** Index of a device. */
export const ifindex = (device: string): number =>
  Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));

/** Out of one end of the link to the other. */
export function across(family: 4 | 6, from: 'left' | 'right'): Hop {
  const to = from === 'left' ? 'right' : 'left';
  return { ifindex: ifindex(from), ethertype: ETHERTYPE[family], address: mac(to) };
}

/** The code of what it throws, null when it does not. */
export function codeOf(call: () => unknown): unknown {
  try {
    call();
    return null;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

/** Bytes as text. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Packets to nobody in particular, numbered. */
export const numbered = (count: number, payloadLength: number, first = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, i) =>
    datagram(4, here[4], there[4], PORT, payloadLength, first + i),
  );
