/**
 * The addresses of this machine as /proc/net tells them on Linux, where the addon is missing: Node leaves out those of
 * interfaces without a carrier, and an ICMP error that our own kernel sends from one would look like somebody else's.
 */
import { readFileSync } from 'node:fs';
import type { Ip } from '../model.ts';
import { formatIp, parseIp } from '../packet/address.ts';
import { parseIfInet6, readIfInet6 } from './localInterfaces.ts';

/** Addresses of all interfaces in our network namespace; none where /proc cannot be read. */
export function procAddresses(): readonly Ip[] {
  return [
    ...parseFibTrie(readText('/proc/net/fib_trie')),
    ...parseIfInet6(readIfInet6()).map(({ ip }) => ip),
  ];
}

/** Local IPv4 addresses: a line with the address and, behind it, one that calls it local (net/ipv4/fib_trie.c). */
export function parseFibTrie(text: string): readonly Ip[] {
  const found = text.matchAll(/\|-- (\S+)\n\s*\/32 host LOCAL/g);
  return [...found].flatMap(([, address]) => canonical(address!));
}

function canonical(text: string): readonly Ip[] {
  const parsed = parseIp(text);
  return parsed === null ? [] : [formatIp(parsed.bytes, 0, parsed.family)];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
