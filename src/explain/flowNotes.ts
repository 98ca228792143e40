/** Notes each packet on its side of its flow: times, frames, TTLs, and the first packets as they were sent. */
import { read16 } from '../packet/bytes.ts';
import { sum, sumIp, sumPseudoHeader, toChecksum } from '../packet/checksum.ts';
import { IP_PROTOCOL, type IpView } from '../packet/ip.ts';
import { TCP_FLAG, type TcpView } from '../packet/tcp.ts';
import type { CapturedPacket } from './captureTables.ts';
import { type Flow, FROM_ASKER, MAX_CITED, MAX_ORIGINALS, type Side } from './flow.ts';
import { PROBE_TTL, type Probes, packetKey } from './probes.ts';

/** Where the checksum stands in a transport header, and in an echo message. */
const CHECKSUM_AT: Readonly<Record<number, number>> = {
  [IP_PROTOCOL.TCP]: 16,
  [IP_PROTOCOL.UDP]: 6,
  [IP_PROTOCOL.ICMP]: 2,
  [IP_PROTOCOL.ICMPV6]: 2,
};

/** The views that hold the packet's headers. */
export interface PacketViews {
  readonly ip: IpView;
  readonly tcp: TcpView;
  readonly probes: Probes;
}

/** Notes a packet; after the facts of its protocol, which look at what was before. */
export function notePacket(
  flow: Flow,
  from: 0 | 1,
  { ip, tcp, probes }: PacketViews,
  { atMs, frame, bytes }: CapturedPacket,
): void {
  const side = flow.sides[from];
  const tookMs = atMs - side.lastMs;
  if (side.packets === 0) side.firstMs = atMs;
  side.packets++;
  side.lastMs = atMs;
  if (side.frames.length < MAX_CITED) side.frames.push(frame);
  const isTcp = flow.protocol === IP_PROTOCOL.TCP;
  const checksumAt = ip.payloadAt + (CHECKSUM_AT[flow.protocol] ?? 0);
  const checksum = checksumAt + 2 <= ip.payloadEnd ? read16(bytes, checksumAt) : -1;
  if (!isTcp || (tcp.flags & TCP_FLAG.RST) === 0) noteTtl(side, ip, { checksum, tookMs });
  if (ip.moreFragments) flow.isFragmented = true;
  if (from === FROM_ASKER && ip.ttl <= PROBE_TTL) {
    const mark = isTcp
      ? tcp.seq
      : flow.protocol === IP_PROTOCOL.UDP
        ? checksum
        : echoSeq(ip, bytes);
    probes.note(flow.number, ip.ttl, packetKey(ip, mark));
  }
  if (from === FROM_ASKER && flow.originals.length < MAX_ORIGINALS) {
    flow.originals.push({
      ipId: ip.id,
      ttl: ip.ttl,
      seq: isTcp ? tcp.seq : -1,
      lengthBytes: ip.totalLength,
      ...checksumsOf(flow.protocol, ip, bytes),
    });
  }
}

/** Of an echo request (RFC 792, RFC 4443 section 4.1); -1 where it was cut. */
function echoSeq({ payloadAt, payloadEnd }: IpView, bytes: Uint8Array): number {
  return payloadAt + 8 <= payloadEnd ? read16(bytes, payloadAt + 6) : -1;
}

/** Longer apart, two packets of one id are not one packet in a loop, ms: a round trip between two routers is shorter. */
const LOOP_MS = 1000;

function noteTtl(
  side: Side,
  { ttl, id }: IpView,
  { checksum, tookMs }: { readonly checksum: number; readonly tookMs: number },
): void {
  if (side.ttl === 0) side.ttl = ttl;
  else if (side.ttl !== ttl) side.otherTtl = ttl;
  if (ttl < side.lowestTtl) side.lowestTtl = ttl;
  if (ttl > side.highestTtl) side.highestTtl = ttl;
  const isSame = id === side.lastIpId && checksum === side.lastChecksum && tookMs < LOOP_MS;
  const isCopy = isSame && ttl < side.lastTtl;
  if (isCopy) side.copies++;
  side.loopRun = isCopy ? side.loopRun + 1 : 0;
  if (side.loopRun > side.loopMost) side.loopMost = side.loopRun;
  side.lastTtl = ttl;
  side.lastIpId = id;
  side.lastChecksum = checksum;
}

/** The checksum as captured, and as it must be; both -1 where the packet is not whole. */
function checksumsOf(
  protocol: number,
  ip: IpView,
  bytes: Uint8Array,
): { readonly checksum: number; readonly computed: number } {
  const isPseudo = protocol === IP_PROTOCOL.TCP || protocol === IP_PROTOCOL.UDP;
  const { payloadAt, payloadEnd, family } = ip;
  if (!isPseudo || ip.truncated || ip.moreFragments) return { checksum: -1, computed: -1 };
  const at = payloadAt + CHECKSUM_AT[protocol]!;
  const addressSum = sumIp(bytes, ip.srcAt, family) + sumIp(bytes, ip.dstAt, family);
  const pseudo = sumPseudoHeader(addressSum, protocol, payloadEnd - payloadAt);
  const before = sum(bytes, payloadAt, at, pseudo);
  return {
    checksum: read16(bytes, at),
    computed: toChecksum(sum(bytes, at + 2, payloadEnd, before)),
  };
}
