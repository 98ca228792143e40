import { read16 } from './bytes.ts';
import { fold, sum, sumIp, sumPseudoHeader } from './checksum.ts';
import { IP_PROTOCOL, type IpView } from './ip.ts';

/** What a checksum was found to be; `unchecked` where it is absent or cannot be computed from what is there. */
export type ChecksumState = 'ok' | 'bad' | 'unchecked';

/**
 * Checks the TCP, UDP or ICMP checksum of the packet in a view that `readIp` filled.
 *
 * `unchecked`: other protocols, fragments, truncated packets, a pending IPv6 routing header, UDP over IPv4 without a
 * checksum (RFC 768). Packets between interfaces of one machine often carry a checksum that was left to hardware
 * which never came (CHECKSUM_PARTIAL): `bad` there does not mean damaged.
 */
export function checkTransport(bytes: Uint8Array, view: IpView): ChecksumState {
  const { protocol, payloadAt, payloadEnd } = view;
  const isFragment = view.fragmentOffset > 0 || view.moreFragments;
  if (view.truncated || isFragment || view.segmentsLeft > 0) return 'unchecked';
  if (protocol === IP_PROTOCOL.UDP) {
    if (payloadEnd - payloadAt < 8) return 'unchecked';
    if (view.family === 4 && read16(bytes, payloadAt + 6) === 0) return 'unchecked';
  }
  let initial = 0;
  if (isPseudoChecked(protocol, view.family)) {
    const addressSum =
      sumIp(bytes, view.srcAt, view.family) + sumIp(bytes, view.dstAt, view.family);
    initial = sumPseudoHeader(addressSum, protocol, payloadEnd - payloadAt);
  } else if (view.family === 6 || protocol !== IP_PROTOCOL.ICMP) {
    return 'unchecked';
  }
  return fold(sum(bytes, payloadAt, payloadEnd, initial)) === 0xffff ? 'ok' : 'bad';
}

function isPseudoChecked(protocol: number, family: 4 | 6): boolean {
  if (protocol === IP_PROTOCOL.TCP || protocol === IP_PROTOCOL.UDP) return true;
  return family === 6 && protocol === IP_PROTOCOL.ICMPV6;
}
