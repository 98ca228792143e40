/**
 * Packets that our own kernel dropped, told by the growth of its counters (/proc/net/snmp, snmp6, netstat; RFC 4293).
 *
 * They count for the whole network namespace, whoever sent or received, so a rise is a reason for doubt and never proof
 * about one port. Where the kernel does not count something, the answer is null or errs on the side of a drop.
 */
import type { Family } from '../model.ts';

/** Counters by name: `Ip.OutRequests`, `Ip6InReceives`, `TcpExt.TCPRetransFail`. */
export type CounterTable = ReadonlyMap<string, number>;

/** Raw texts of the files; undefined where one cannot be read. */
export interface CounterTexts {
  readonly snmp: string | undefined;
  readonly snmp6: string | undefined;
  readonly netstat: string | undefined;
  /** The IPv6 counters of the loopback interface. */
  readonly loopback6: string | undefined;
  /** What each interface counted. */
  readonly dev: string | undefined;
}

/** Growth between two readings; null: not countable. */
export interface KernelDrops {
  readonly outDropped: number | null;
  readonly inDropped: number | null;
  readonly retransFailed: number | null;
  readonly unsent: number | null;
}

const paths = {
  snmp: '/proc/net/snmp',
  snmp6: '/proc/net/snmp6',
  netstat: '/proc/net/netstat',
  loopback6: '/proc/net/dev_snmp6/lo',
  dev: '/proc/net/dev',
} as const satisfies Record<keyof CounterTexts, string>;

/**
 * Reads the files; parsing is left for when somebody asks. Both families are always counted: an interface counts their
 * packets together.
 */
export function readCounterTexts(
  readText: (path: string) => string | undefined,
  families: readonly Family[],
): CounterTexts {
  return {
    snmp: readText(paths.snmp),
    snmp6: readText(paths.snmp6),
    netstat: readText(paths.netstat),
    loopback6: families.includes(6) ? readText(paths.loopback6) : undefined,
    dev: readText(paths.dev),
  };
}

/** Parses the texts; lines that are none are ignored, the kernel adds new ones. */
export function parseCounters(texts: CounterTexts): CounterTable {
  const table = new Map<string, number>();
  for (const text of [texts.snmp, texts.netstat]) {
    let names: string[] = [];
    for (const line of text?.split('\n') ?? []) {
      const [group, ...fields] = line.trim().split(/\s+/);
      if (names[0] !== group) {
        names = [group!, ...fields];
        continue;
      }
      for (const [i, field] of fields.entries()) {
        table.set(`${group!.slice(0, -1)}.${names[i + 1]}`, Number(field));
      }
      names = [];
    }
  }
  addNamed(table, texts.snmp6, '');
  addNamed(table, texts.loopback6, LOOPBACK);
  addSent(table, texts.dev);
  return table;
}

/** Packets that all interfaces together counted as sent. */
const SENT = 'dev.TxPackets';
/** The place of the sent packets behind the interface's name (net/core/net-procfs.c, dev_seq_printf_stats). */
const SENT_FIELD = 9;

function addSent(table: Map<string, number>, text: string | undefined): void {
  const lines = text?.split('\n').filter((line) => line.includes(':')) ?? [];
  if (lines.length === 0) return;
  const counts = lines.map((line) =>
    Number(
      line
        .slice(line.indexOf(':') + 1)
        .trim()
        .split(/\s+/)[SENT_FIELD],
    ),
  );
  table.set(
    SENT,
    counts.reduce((sum, count) => sum + count, 0),
  );
}

/** Before the names of the loopback interface's own counters. */
const LOOPBACK = 'lo.';

/** Lines of one name and one value. */
function addNamed(table: Map<string, number>, text: string | undefined, prefix: string): void {
  for (const line of text?.split('\n') ?? []) {
    const [name, value] = line.trim().split(/\s+/);
    if (name && value !== undefined) table.set(prefix + name, Number(value));
  }
}

/**
 * Tells what was dropped between two readings.
 *
 * Out: a packet is requested before the OUTPUT hook and transmitted after it; forwarded packets are transmitted only. In:
 * a packet is received before PREROUTING and delivered after INPUT; what is forwarded, faulty or a fragment is never
 * delivered. IPv6 multicast that nobody here joined (MLD reports of the neighbours) is not either, see
 * {@link countUnjoined}; its IPv4 twin is not counted by any kernel and looks like a drop.
 *
 * @param ownDatagrams UDP datagrams of this family that the wire's own sockets received: certainly unicast.
 */
export function diffCounters(
  before: CounterTable,
  after: CounterTable,
  family: Family,
  ownDatagrams: number,
): KernelDrops {
  const grown = (name: string) => growth(before, after, name);
  const sum = (names: readonly string[]) =>
    names.reduce((total, name) => total + (grown(name) ?? 0), 0);
  const [prefix, forwarded] =
    family === 4 ? ['Ip.', 'Ip.ForwDatagrams'] : ['Ip6', 'Ip6OutForwDatagrams'];
  /**
   * The IPv6 RST of a reject in our OUTPUT chain is transmitted for the interface of the SYN, which hides that the SYN was
   * not, and then received over loopback, which transmitted nothing (seen on Linux 6.18; IPv4 requests the RST as well).
   */
  const lo = `${LOOPBACK}${prefix}`;
  const rejectedOut = sum([`${lo}InReceives`]) - sum([`${lo}OutTransmits`]);
  const requests = grown(`${prefix}OutRequests`);
  const transmits = grown(`${prefix}OutTransmits`);
  const receives = grown(`${prefix}InReceives`);
  const delivers = grown(`${prefix}InDelivers`);
  const reassembled = sum([`${prefix}ReasmReqds`]) - sum([`${prefix}ReasmOKs`]);
  const explained =
    sum(explainedNames.map((name) => prefix + name)) + sum([forwarded!]) + reassembled;
  const unjoined = family === 4 ? 0 : countUnjoined(grown, ownDatagrams);
  return {
    outDropped:
      requests === null || transmits === null
        ? null
        : Math.max(0, requests - (transmits - sum([forwarded!])), rejectedOut),
    inDropped:
      receives === null || delivers === null
        ? null
        : Math.max(0, receives - delivers - explained - unjoined),
    retransFailed: grown('TcpExt.TCPRetransFail'),
    unsent: countUnsent(grown),
  };
}

/** What IP transmitted, of every family that was read, less what the interfaces sent. */
function countUnsent(grown: (name: string) => number | null): number | null {
  const sent = grown(SENT);
  const transmits = [grown('Ip.OutTransmits'), grown('Ip6OutTransmits')];
  if (sent === null || transmits.every((count) => count === null)) return null;
  return Math.max(0, transmits.reduce<number>((sum, count) => sum + (count ?? 0), 0) - sent);
}

/**
 * Datagrams that no device took: a full queue, or a hook at the device (EGRESS) that drops. A socket without an error
 * queue is not told (net/ipv4/udp.c, udp_send_skb); null: not countable.
 */
export function diffSendErrors(
  before: CounterTable,
  after: CounterTable,
  family: Family,
): number | null {
  return growth(before, after, family === 4 ? 'Udp.SndbufErrors' : 'Udp6SndbufErrors');
}

/** Received, never delivered, and no drop of ours. */
const explainedNames = [
  'InHdrErrors',
  'InAddrErrors',
  'InUnknownProtos',
  'InTruncatedPkts',
  'InNoRoutes',
  'InTooBigErrors',
];

/** ICMPv6 messages that are usually multicast and were delivered. */
const multicastIcmpNames = [
  'Icmp6InNeighborSolicits',
  'Icmp6InRouterAdvertisements',
  'Icmp6InRouterSolicits',
  'Icmp6InGroupMembQueries',
  'Icmp6InGroupMembReports',
  'Icmp6InMLDv2Reports',
  'Icmp6InEchos',
];

/**
 * Multicast packets that were received and not delivered because nobody joined their group: the multicast count less all
 * that may have been delivered. Too low rather than too high: a drop must not hide behind it.
 */
function countUnjoined(grown: (name: string) => number | null, ownDatagrams: number): number {
  const delivered = multicastIcmpNames.reduce((total, name) => total + (grown(name) ?? 0), 0);
  const foreignDatagrams = Math.max(0, (grown('Udp6InDatagrams') ?? 0) - ownDatagrams);
  return Math.max(0, (grown('Ip6InMcastPkts') ?? 0) - delivered - foreignDatagrams);
}

function growth(before: CounterTable, after: CounterTable, name: string): number | null {
  const from = before.get(name);
  const to = after.get(name);
  return from === undefined || to === undefined ? null : to - from;
}
