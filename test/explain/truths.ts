/** What is true in each scene of lab/scenes.ts, and what may be said of it at each place. */

type Place = 'client' | 'router' | 'target';

/** What may be said of a port: `whyId role`, without `explain.`'s other half being looked at. */
export interface PortTruth {
  /** 0: pings. */
  readonly port: number;
  /** One of these must be said where the place is named. */
  readonly must: Readonly<Partial<Record<Place, readonly string[]>>>;
  /** These may be said besides, anywhere. */
  readonly may?: readonly string[];
}

const PLACES: readonly Place[] = ['client', 'router', 'target'];

const at = (places: readonly Place[], ...ids: readonly string[]): PortTruth['must'] =>
  Object.fromEntries(places.map((place) => [place, ids.map((id) => `explain.${id}`)]));

const all = (...ids: readonly string[]) => at(PLACES, ...ids);
/** What happens before the target is not seen there. */
const before = (...ids: readonly string[]) => at(['client', 'router'], ...ids);
const own = (...ids: readonly string[]) => at(['client'], ...ids);

const one = (port: number, must: PortTruth['must'], ...may: readonly string[]): PortTruth => ({
  port,
  must,
  may: may.map((id) => `explain.${id}`),
});

const REFUSED = ['tcp.refused target', 'tcp.refused.confirmed target'];
const CLOSED_UDP = 'icmp.port.target target';
/** One packet at the very end may have been answered later. */
const TCP_SILENT = ['tcp.silent -', 'tcp.silent-at-end -'];
const UDP_SILENT = ['udp.silent -', 'udp.silent-at-end -'];

/** Every scene by its name. */
export const TRUTHS: Readonly<Record<string, readonly PortTruth[]>> = {
  articleUdpClosed: [one(53, all(CLOSED_UDP))],
  dnatDeadBackend: [one(8080, before('icmp.nearer path', 'icmp.route.target target'))],
  dnatTraceroute: [one(5353, before('icmp.hops-at-target target'), ...UDP_SILENT)],
  dockerProxyClose: [one(8083, all('tcp.accepted-then-closed -'))],
  dockerProxyReset: [one(8082, all('tcp.accepted-then-reset target'))],
  hostBehindRouterAbsent: [
    one(22, before('icmp.route.path path')),
    one(53, before('icmp.route.path path')),
  ],
  lateAnswer: [one(5300, all('icmp.answer-refused local')), one(0, {})],
  lateAnswerTaken: [one(5301, all('udp.late -'))],
  multihomedLate: [
    one(5302, all('icmp.answer-refused local'), 'udp.other-source-perhaps path'),
    one(0, {}),
  ],
  mtuBlackHole: [one(8081, before('tcp.stalled -', 'tcp.black-hole -'))],
  mtuTooBig: [one(53, before('icmp.too-big path')), one(4000, all(CLOSED_UDP))],
  ownDeadGateway: [one(22, own('icmp.own-side local')), one(53, own('icmp.own-side local'))],
  ownDeadNeighbour: [one(22, own('icmp.own-side local')), one(53, own('icmp.own-side local'))],
  ownEgressDropTcp: [one(22, {}), one(81, own(...REFUSED))],
  ownEgressDropUdp: [one(53, {}), one(9, own(CLOSED_UDP))],
  ownIngressDrop: [one(22, own('tcp.answer-ignored -')), one(53, {}, ...UDP_SILENT)],
  ownIngressDropIcmp: [one(9, own(CLOSED_UDP)), one(53, {})],
  ownInputDrop: [one(22, own('tcp.answer-ignored -')), one(53, {})],
  ownInputDropIcmp: [one(9, own(CLOSED_UDP)), one(53, {})],
  ownOutputDrop: [one(22, {}), one(53, {})],
  ownOutputReject: [one(22, own('icmp.own-side local')), one(53, own('icmp.own-side local'))],
  ownOutputRejectAdmin: [one(22, own('icmp.own-side local')), one(53, own('icmp.own-side local'))],
  ownOutputRejectReset: [one(22, own('tcp.reset.alone -'))],
  ownPostroutingDrop: [one(22, {}), one(53, {}), one(0, {}, 'udp.silent-at-end -')],
  ownPreroutingDrop: [one(22, own('tcp.answer-ignored -')), one(53, {})],
  ownRouteBlackhole: [],
  ownRouteBlocked: [],
  ownRouteProhibit: [],
  ownRouteUnreachable: [],
  pingSilent: [one(0, all('ping.silent -', 'udp.silent-at-end -')), one(81, all(...REFUSED))],
  pingUnreachable: [one(0, before('icmp.route.path path'))],
  resetMidwayForged: [one(8084, before('tcp.reset.forged path'))],
  tcpDropForward: [one(22, {}), one(81, before(...TCP_SILENT))],
  tcpDropInput: [one(22, {}), one(81, all(...TCP_SILENT))],
  tcpDropPrerouting: [one(22, {}), one(81, before(...TCP_SILENT))],
  tcpDropReturn: [
    one(22, {}),
    one(81, {
      ...at(['client', 'router'], ...TCP_SILENT, 'tcp.answer-ignored -'),
      ...at(
        ['target'],
        'tcp.answer-ignored -',
        'tcp.half-open -',
        'tcp.refused target',
        'tcp.refused.confirmed target',
      ),
    }),
  ],
  tcpForgedReset: [one(22, {}), one(81, before('tcp.refused.forged path'))],
  // Nothing of the host was seen: who sent the RST cannot be told, and is not said for certain.
  tcpForgedResetNoControl: [one(81, before('tcp.refused target'))],
  tcpHostRejectIcmp: [
    one(81, all('icmp.port.target-tcp target')),
    one(82, all('icmp.prohibited.target target')),
    one(83, all('icmp.route.target target')),
    one(84, all('icmp.prohibited.target target', 'icmp.route.target target')),
  ],
  tcpHostRejectReset: [one(22, {}), one(81, all(...REFUSED))],
  tcpListener: [one(22, {})],
  tcpLoop: [
    one(22, {
      ...own('icmp.hops path'),
      ...at(['router'], 'icmp.loop-seen path', 'loop -'),
    }),
  ],
  tcpNoListener: [one(22, {}), one(81, all(...REFUSED))],
  tcpRouterBlackhole: [one(22, before(...TCP_SILENT))],
  tcpRouterProhibit: [one(22, before('icmp.prohibited.path path'))],
  tcpRouterReject: [
    one(81, before('icmp.port.path path')),
    one(82, before('icmp.prohibited.path path')),
    one(83, before('icmp.route.path path', 'icmp.prohibited.path path')),
    one(84, before('icmp.route.path path')),
  ],
  tcpRouterUnreachable: [one(22, before('icmp.route.path path'))],
  tcpSynProxy: [
    one(22, {}),
    one(443, before('tcp.syn-proxy -')),
    one(444, { ...before('tcp.syn-proxy-closed -'), ...at(['target'], ...REFUSED) }),
  ],
  tracerouteUdp: [
    one(33434, before('icmp.traceroute path')),
    one(33435, before('icmp.traceroute path')),
    one(33436, all('icmp.traceroute-end target')),
  ],
  udpAnswers: [
    one(53, {}),
    one(123, {}, CLOSED_UDP),
    one(161, {}, CLOSED_UDP),
    one(9, {}, CLOSED_UDP),
  ],
  udpDropForward: [one(53, before(...UDP_SILENT)), one(9, all(CLOSED_UDP))],
  udpDropInput: [one(53, all(...UDP_SILENT)), one(9, all(CLOSED_UDP))],
  udpDropReturn: [one(53, before(...UDP_SILENT)), one(9, all(CLOSED_UDP))],
  udpHostReject: [one(53, all(CLOSED_UDP))],
  udpHostRejectOther: [
    one(53, all('icmp.prohibited.target target')),
    one(123, all('icmp.route.target target')),
  ],
  udpLimiter: [
    one(53, {}),
    ...Array.from({ length: 12 }, (_, index) => one(2000 + index, {}, CLOSED_UDP, ...UDP_SILENT)),
  ],
  udpLoop: [
    one(53, { ...own('icmp.hops path'), ...at(['router'], 'icmp.loop-seen path', 'loop -') }),
  ],
  udpOtherAddress: [one(53, all('udp.other-source path'))],
  udpOtherPort: [one(53, all('udp.other-source path'))],
  udpRouterNoRoute: [one(53, before('icmp.route.path path'))],
  udpRouterReject: [
    one(53, before('icmp.port.path path')),
    one(123, before('icmp.prohibited.path path')),
    one(161, before('icmp.route.path path')),
  ],
  udpSilent: [one(514, all('udp.one-way -'))],
  udpSilentServices: [53, 161, 51820].map((port) => one(port, all(...UDP_SILENT))),
  windowsStealth: [one(445, all(...TCP_SILENT)), one(3389, {})],
};
