/** What is true in each scene of lab/scenes.ts, and what may be said of it at each place. */

type Place = 'client' | 'router' | 'target';

/** What may be said of a port: `whyId role`, without `explain.`'s other half being looked at. */
export interface PortTruth {
  /** 0: pings; OTHER: all that are not named. */
  readonly port: number;
  /** One of these must be said where the place is named. */
  readonly must: Readonly<Partial<Record<Place, readonly string[]>>>;
  /** These may be said besides, anywhere. */
  readonly may?: readonly string[];
}

/** Ports that the tool chose. */
export const OTHER = -1;

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

const SILENT_BOTH = [one(443, before(...TCP_SILENT)), one(53, before(...UDP_SILENT))];
const SILENT_ALL = [one(443, all(...TCP_SILENT)), one(53, all(...UDP_SILENT))];

const refusedOnTheWay = (...ids: readonly string[]): readonly PortTruth[] =>
  [443, 53].map((port) => one(port, before(...ids.map((id) => `icmp.${id} path`))));

/** On IPv4 the errors about the first ports use up what a route may send; then the datagrams stay unheard. */
const routeRefuses = (id: string): readonly PortTruth[] => [
  one(22, before(`icmp.${id} path`)),
  one(443, before(`icmp.${id} path`)),
  one(53, before(`icmp.${id} path`, ...UDP_SILENT)),
];

/** Six routers, asked by ordinary clients; the router is the third. */
const PATH_TRUTHS: Readonly<Record<string, readonly PortTruth[]>> = {
  pathBlackholePort: SILENT_BOTH,
  pathBlackholeRoute: [one(22, before(...TCP_SILENT)), ...SILENT_BOTH],
  pathClosed: [one(443, all(...REFUSED)), one(53, all(CLOSED_UDP))],
  // It works: of the translation only the distance tells.
  pathDnat: [one(443, before('two-distances path')), one(53, {})],
  pathDnatClosed: [
    one(443, before('tcp.refused.forged path')),
    one(53, before('icmp.nearer path')),
  ],
  pathDropForward: SILENT_BOTH,
  pathDropForwardLast: SILENT_BOTH,
  pathDropForwardSilentRouter: SILENT_BOTH,
  pathDropInput: SILENT_ALL,
  pathDropPostrouting: SILENT_BOTH,
  pathDropPrerouting: SILENT_BOTH,
  pathDropRaw: SILENT_BOTH,
  pathDropReturn: [
    one(443, {
      ...before(...TCP_SILENT),
      ...at(['target'], 'tcp.answer-ignored -', 'tcp.half-open -'),
    }),
    one(53, before(...UDP_SILENT)),
  ],
  pathDropTargetPrerouting: SILENT_ALL,
  // The third router is one of the two: what the other drops does not pass there.
  pathEcmpDrop: [one(443, own('tcp.silent-some -'))],
  pathMtu: [one(53, before('icmp.too-big path')), one(8081, {}, 'icmp.too-big path')],
  pathMtuBlackHole: [one(8085, before('tcp.black-hole -'))],
  pathNoRoute: routeRefuses('route.path'),
  pathProhibitRoute: routeRefuses('prohibited.path'),
  pathProxy: [one(443, before('two-distances path')), one(53, {})],
  pathRejectForward: refusedOnTheWay('prohibited.path'),
  pathRejectForwardHost: refusedOnTheWay('route.path', 'prohibited.path'),
  pathRejectForwardNet: refusedOnTheWay('route.path'),
  pathRejectForwardPort: refusedOnTheWay('port.path'),
  pathRejectInput: [443, 53].map((port) => one(port, all('icmp.prohibited.target target'))),
  pathRejectPort: refusedOnTheWay('route.path'),
  pathResetForward: [one(443, before('tcp.refused.forged path')), one(53, {})],
  // Nothing fails, and nothing of it shows: quotes and answers are translated back.
  pathSnat: [one(443, {}), one(53, {})],
  pathSnatDrop: SILENT_BOTH,
  pathTtlRewrite: [one(443, {}), one(53, {})],
  pathUnreachableRoute: routeRefuses('route.path'),
};

/** A SYN scan, and whoever checks a port, breaks off: nothing is wrong by that. */
const BROKE = 'tcp.broken-off -';
/** Ports that are asked to learn the target's distance, and the ping that ends each capture. */
const CONTROL = one(OTHER, {}, CLOSED_UDP, 'udp.silent-at-end -');

const ofScans = (
  scene: string,
  truths: readonly PortTruth[],
): Record<string, readonly PortTruth[]> => ({
  [`scanPacket${scene}`]: [...truths, CONTROL],
  [`scanSocket${scene}`]: [...truths, CONTROL],
});

const REACHED = 'traceroute.reached -';
/** The sweeps beside the asked port: pings, and ports of the tool's choice. */
const BESIDE = [
  one(0, {}, REACHED, 'traceroute.short -', 'probe.silent -', 'ping.silent -'),
  one(OTHER, {}, REACHED, ...REFUSED, CLOSED_UDP, 'icmp.traceroute-end target'),
];

/** Our own scans and traces. */
const RUN_TRUTHS: Readonly<Record<string, readonly PortTruth[]>> = {
  ...ofScans('TcpNoListener', [one(22, {}, BROKE), one(81, all(...REFUSED))]),
  ...ofScans('TcpForgedReset', [one(22, {}, BROKE), one(81, before('tcp.refused.forged path'))]),
  ...ofScans('TcpDropInput', [one(22, {}, BROKE), one(81, all(...TCP_SILENT))]),
  ...ofScans('TcpSynProxy', [
    one(22, {}, BROKE),
    one(443, before('tcp.syn-proxy -'), 'tcp.syn-proxy-perhaps -', BROKE),
    one(
      444,
      { ...before('tcp.syn-proxy-closed -'), ...at(['target'], ...REFUSED) },
      'tcp.syn-proxy-perhaps -',
      BROKE,
    ),
  ]),
  ...ofScans('TcpRouterReject', [
    one(81, before('icmp.port.path path'), 'tcp.silent-some -'),
    one(82, before('icmp.prohibited.path path'), 'tcp.silent-some -'),
    one(83, before('icmp.route.path path', 'icmp.prohibited.path path'), 'tcp.silent-some -'),
    one(84, before('icmp.route.path path'), 'tcp.silent-some -'),
  ]),
  ...ofScans('UdpAnswers', [
    one(53, {}),
    ...[123, 161, 9].map((port) => one(port, all(CLOSED_UDP))),
  ]),
  ...ofScans('UdpLimiter', [
    one(53, {}),
    ...Array.from({ length: 12 }, (_, index) =>
      one(2000 + index, all(CLOSED_UDP), 'udp.silent-some -', 'udp.silent-at-end -'),
    ),
  ]),
  ...ofScans('UdpHostRejectOther', [
    one(53, all('icmp.prohibited.target target')),
    one(123, all('icmp.route.target target')),
  ]),
  traceClosed: [
    one(443, all(...REFUSED), REACHED),
    one(53, all(CLOSED_UDP, REACHED, 'icmp.traceroute-end target')),
    ...BESIDE,
  ],
  traceDropForward: [
    ...[443, 53].map((port) => one(port, before('traceroute.short -'), 'probe.silent -')),
    ...BESIDE,
  ],
  traceDropInput: [
    ...[443, 53].map((port) =>
      one(
        port,
        { ...before('traceroute.short -') },
        ...TCP_SILENT,
        ...UDP_SILENT,
        'probe.silent -',
      ),
    ),
    ...BESIDE,
  ],
  traceRejectForward: [
    one(443, before('icmp.prohibited.path path'), 'traceroute.rejected -'),
    one(
      53,
      before('icmp.prohibited.path path', 'traceroute.short -'),
      'traceroute.rejected -',
      'probe.silent -',
    ),
    ...BESIDE,
  ],
  traceResetForward: [
    one(443, before('tcp.refused.forged path'), 'traceroute.answered -'),
    ...BESIDE,
  ],
  // A NAT: the answers for its ports come from another distance, so nothing confirms the RST of the control.
  traceDnat: [
    ...[443, 53].map((port) =>
      one(
        port,
        before('icmp.hops-at-target target'),
        'traceroute.answered -',
        BROKE,
        'two-distances path',
      ),
    ),
    one(0, {}, REACHED),
    one(
      OTHER,
      {},
      REACHED,
      'traceroute.answered -',
      ...REFUSED,
      CLOSED_UDP,
      'icmp.traceroute-end target',
    ),
  ],
  traceLoop: [
    one(
      443,
      { ...own('traceroute.loop -'), ...at(['router'], 'icmp.loop-seen path', 'loop -') },
      'loop -',
    ),
    ...[53, 0, OTHER].map((port) =>
      one(
        port,
        {},
        'traceroute.loop -',
        'traceroute.short -',
        'icmp.loop-seen path',
        'loop -',
        'probe.silent -',
      ),
    ),
  ],
  traceTtlRewrite: [
    one(443, {}, REACHED, 'traceroute.answered -', BROKE),
    one(53, {}, REACHED, 'traceroute.answered -'),
    ...BESIDE,
  ],
};

/** Every scene by its name. */
export const TRUTHS: Readonly<Record<string, readonly PortTruth[]>> = {
  ...PATH_TRUTHS,
  ...RUN_TRUTHS,
  articleUdpClosed: [one(53, all(CLOSED_UDP))],
  dnatDeadBackend: [one(8080, before('icmp.nearer path', 'icmp.route.target target'))],
  dnatTraceroute: [one(5353, before('icmp.hops-at-target target'), 'probe.silent -')],
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
  tcpRouterNone: [one(22, before('icmp.route.path path'))],
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
    one(33434, before(REACHED)),
    one(33435, before(REACHED)),
    one(33436, { ...before(REACHED), ...at(['target'], 'icmp.traceroute-end target') }),
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
  // On IPv4 two errors are all that a route may send at once: the rest is silence.
  udpRouteCovers: [2000, 2001, 2002, 2003].map((port) =>
    one(port, before('icmp.route.path path', ...UDP_SILENT)),
  ),
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
