/**
 * SQL Server Browser: which instances are here? (CLNT_UCAST_EX, [MC-SQLR] section 2.2.2.) One byte, answered by a
 * list of names, versions and ports. The protocol has no identity: an answer is known by its form.
 *
 * The target sees what every client sends that looks for a named instance, and logs nothing. No login is tried.
 */
import type { PayloadKind } from '../payload.ts';
import { toInfo, toPrintable } from './printable.ts';

const CLNT_UCAST_EX = 3;
const SVR_RESP = 5;
const HEADER_LENGTH = 3;
/** One instance: name;value;name;value, where a value may be empty and a name may not, and `;;` (section 2.2.5). */
const INSTANCE = /ServerName;[^;]*(?:;[^;]+;[^;]*)*;;/;
const LIST = new RegExp(`^(?:${INSTANCE.source})+$`);
const INSTANCES = new RegExp(INSTANCE, 'g');
/** Characters of a list that are looked at: some 100 instances. */
const MAX_LIST_LENGTH = 16_384;

/**
 * SQL Server Browser, proven by the form of its list; `info` is the server, and each instance with version and TCP
 * port.
 */
export const mssqlBrowser: PayloadKind = {
  protocol: 'mssql-browser',
  ports: [1434],
  source: '[MC-SQLR] sections 2.2.2 and 2.2.5',
  maxLength: 1,
  write(out, at) {
    out[at] = CLNT_UCAST_EX;
    return 1;
  },
  read(reply) {
    if (reply[0] !== SVR_RESP || reply.length > HEADER_LENGTH + MAX_LIST_LENGTH) return null;
    // The one length in this list of protocols that is little-endian.
    if ((reply[1]! | (reply[2]! << 8)) !== reply.length - HEADER_LENGTH) return null;
    const list = String.fromCharCode(...reply.subarray(HEADER_LENGTH));
    if (!LIST.test(list)) return null;
    const instances = (list.match(INSTANCES) ?? []).map(toPairs);
    const server = toText(instances[0]?.get('ServerName'));
    return { protocol: 'mssql-browser', info: toInfo([server, ...instances.map(toInstance)]) };
  },
};

function toPairs(instance: string): ReadonlyMap<string, string> {
  const words = instance.split(';');
  const pairs = new Map<string, string>();
  for (let i = 0; i + 1 < words.length; i += 2) pairs.set(words[i]!, words[i + 1]!);
  return pairs;
}

function toInstance(pairs: ReadonlyMap<string, string>): string {
  const port = pairs.get('tcp');
  const words = [toText(pairs.get('InstanceName')), toText(pairs.get('Version'))];
  return [...words, port === undefined ? '' : `port ${toText(port)}`].filter(Boolean).join(' ');
}

function toText(value: string | undefined): string {
  return toPrintable(Uint8Array.from(value ?? '', (character) => character.charCodeAt(0)));
}
