/** The flows of a trace: the asked port first, then the controls that show what the asked one does not. */
import { isEcho, PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP, PROTO_UDP } from '../batch.ts';
import type { Family, WireCan } from '../model.ts';
import { echoSeqOf, ipIdOf, TOKEN, tokenWord } from '../probe/token.ts';
import { tracePayloadFor } from '../probe/tracePayload.ts';

/** One flow: the same protocol and ports at every TTL. */
export interface Flow {
  readonly index: number;
  readonly kind: 'asked' | 'icmp' | 'udp' | 'tcp';
  /** IP protocol number; of echo requests that of the family. */
  readonly protocol: number;
  /** 0 of echo requests. */
  readonly port: number;
  /** Which of the reserved source ports it has (batch.ts). */
  readonly lane: number;
  /** Least bytes behind the transport header: what makes a packet as large as wanted. Echo requests have none. */
  readonly dataBytes?: number;
  /** One of batch.ts, SHAPE; PLAIN unless given. */
  readonly shape?: number;
}

/** Where traceroute has sent its datagrams for thirty years: routers and firewalls know them. */
const FIRST_UDP_CONTROL = 33_434;
const UDP_CONTROLS = 90;
/** Ports that firewalls pass and hosts answer more often than any other. */
const TCP_CONTROLS = [80, 443] as const;
/** Source ports beside the asked flow's that the edge is asked from: they miss one of two equal ways 1 time in 128. */
const EDGE_VARIANTS = 7;

/** What a trace asks, and with what it can ask. */
export interface FlowRequest {
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number;
  readonly family: Family;
  /** False: the asked flow alone, and no other source port. */
  readonly control: boolean;
  readonly seed: readonly [number, number];
  /** Number among the traces that share the seed. */
  readonly run: number;
  readonly can: Pick<WireCan, 'echo' | 'lanes'>;
  /** Source ports from which the asked port is walked; 0: the edge alone is asked from others. */
  readonly sources: number;
}

/** The flows of a trace; their indices count through both lists. */
export interface Flows {
  /** The asked one, the control of its protocol, and one of another. */
  readonly main: readonly Flow[];
  /** The asked port from other source ports: what routers that share the load may send another way. */
  readonly variants: readonly Flow[];
  /** Further source ports, which only {@link FlowRequest.sources} asks for. */
  readonly further: readonly Flow[];
}

/** Chooses the flows of a trace. */
export function chooseFlows(request: FlowRequest): Flows {
  const { protocol, port, family, control, seed, run, can, sources } = request;
  const asked: Flow = { index: 0, kind: 'asked', protocol, port, lane: 0 };
  if (!control) return { main: [asked], variants: [], further: [] };
  const drawn = FIRST_UDP_CONTROL + (tokenWord(...seed, run, TOKEN.CONTROL) % UDP_CONTROLS);
  const isUdp = protocol === PROTO_UDP;
  const udp = {
    kind: 'udp',
    protocol: PROTO_UDP,
    port: isUdp && drawn === port ? drawn - 1 : drawn,
  };
  const tcpPort = TCP_CONTROLS.find((one) => isUdp || one !== port)!;
  const tcp = { kind: 'tcp', protocol: PROTO_TCP, port: tcpPort };
  const icmp = { kind: 'icmp', protocol: family === 4 ? PROTO_ICMP : PROTO_ICMPV6, port: 0 };
  // The control of the asked protocol first: it is the one that counts.
  const [same, other] = isUdp ? [udp, tcp] : [tcp, udp];
  const controls = [same, can.echo ? icmp : other] as readonly Pick<
    Flow,
    'kind' | 'protocol' | 'port'
  >[];
  const main = [asked, ...controls.map((flow, i) => ({ ...flow, index: i + 1, lane: 0 }))];
  const others = Array.from({ length: can.lanes - 1 }, (_, i) => ({
    ...asked,
    index: main.length + i,
    lane: i + 1,
  }));
  const variants = others.slice(0, EDGE_VARIANTS);
  return { main, variants, further: others.slice(EDGE_VARIANTS, Math.max(0, sources - 1)) };
}

/** What every probe of a trace is known by: its number, and its payload where it is a datagram. */
export interface ProbeNames {
  /** Number of the probe of this flow and TTL, from which its keyed words are made (probe/token.ts). */
  numberOf(flow: Flow, ttl: number): number;
  payloadOf(flow: Flow, ttl: number): Uint8Array;
}

/** Draws after which two probes that look alike are left so; a draw fails one time in ten at most. */
const MAX_DRAWS = 255;
/** What ipIdOf and echoSeqOf keep of a word for the probe; the rest is the attempt. */
const PROBE_MASK = 0xfff0;
const NO_PAYLOAD = new Uint8Array(0);

/**
 * Creates the names of a trace. A probe is `run << 24 | draw << 16 | flow << 8 | ttl`: the draw is changed until neither
 * its IPv4 identification nor its payload nor its sequence number of an echo is that of another probe, so that each of the two tells the TTL alone. Late
 * answers to an earlier trace of the same seed are told apart by the run, 0 to 255.
 */
export function createProbeNames(seed: readonly [number, number], run: number): ProbeNames {
  const [keyHi, keyLo] = seed;
  const known = new Map<number, { readonly number: number; readonly payload: Uint8Array }>();
  const taken = new Set<string>();

  const payload = (flow: Flow, number: number): Uint8Array => {
    const { dataBytes = 0 } = flow;
    if (flow.protocol !== PROTO_UDP) return dataBytes > 0 ? new Uint8Array(dataBytes) : NO_PAYLOAD;
    const kind = tracePayloadFor(flow.port);
    const bytes = new Uint8Array(Math.max(kind.maxLength, dataBytes));
    const hi = tokenWord(keyHi, keyLo, number, TOKEN.PAYLOAD_HI);
    const lo = tokenWord(keyHi, keyLo, number, TOKEN.PAYLOAD_LO);
    return bytes.subarray(0, Math.max(dataBytes, kind.write(bytes, 0, hi, lo)));
  };

  const nameOf = (flow: Flow, ttl: number) => {
    const place = (flow.index << 8) | ttl;
    const before = known.get(place);
    if (before !== undefined) return before;
    for (let draw = 0; ; draw++) {
      const number = ((run << 24) | (draw << 16) | place) >>> 0;
      const name = { number, payload: payload(flow, number) };
      const looks = [`id ${ipIdOf(keyHi, keyLo, number, 0) & PROBE_MASK}`];
      if (isEcho(flow.protocol)) {
        looks.push(`seq ${echoSeqOf(keyHi, keyLo, number, 0) & PROBE_MASK}`);
      }
      if (flow.protocol === PROTO_UDP) looks.push(`${flow.port} ${name.payload.join()}`);
      if (draw < MAX_DRAWS && looks.some((look) => taken.has(look))) continue;
      for (const look of looks) taken.add(look);
      known.set(place, name);
      return name;
    }
  };

  return {
    numberOf: (flow, ttl) => nameOf(flow, ttl).number,
    payloadOf: (flow, ttl) => nameOf(flow, ttl).payload,
  };
}

/** Trace, flow and TTL of a number. */
export function placeOf(number: number): {
  readonly run: number;
  readonly flow: number;
  readonly ttl: number;
} {
  return { run: number >>> 24, flow: (number >>> 8) & 0xff, ttl: number & 0xff };
}
