/** The flows of a trace: the asked port first, then the controls that show what the asked one does not. */
import { PROTO_TCP, PROTO_UDP } from '../batch.ts';
import { ipIdOf, TOKEN, tokenWord } from '../probe/token.ts';
import { tracePayloadFor } from '../probe/tracePayload.ts';

/** One flow: the same protocol and ports at every TTL. */
export interface Flow {
  readonly index: number;
  readonly kind: 'asked' | 'udp' | 'tcp';
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number;
}

/** Where traceroute has sent its datagrams for thirty years: routers and firewalls know them. */
const FIRST_UDP_CONTROL = 33_434;
const UDP_CONTROLS = 90;
/** Ports that firewalls pass and hosts answer more often than any other. */
const TCP_CONTROLS = [80, 443] as const;

/** Chooses the flows for a port; `control` false: the asked one alone. `run` numbers the traces that share a seed. */
export function chooseFlows(
  protocol: number,
  port: number,
  control: boolean,
  seed: readonly [number, number],
  run: number,
): readonly Flow[] {
  const asked: Flow = { index: 0, kind: 'asked', protocol, port };
  if (!control) return [asked];
  const drawn = FIRST_UDP_CONTROL + (tokenWord(...seed, run, TOKEN.CONTROL) % UDP_CONTROLS);
  const udp = protocol === PROTO_UDP && drawn === port ? drawn - 1 : drawn;
  const tcp = TCP_CONTROLS.find((one) => protocol !== PROTO_TCP || one !== port)!;
  const controls = [
    { kind: 'udp', protocol: PROTO_UDP, port: udp },
    { kind: 'tcp', protocol: PROTO_TCP, port: tcp },
  ] as const;
  // The control of the asked protocol first: it is the one that counts.
  const ordered = protocol === PROTO_UDP ? controls : controls.toReversed();
  return [asked, ...ordered.map((flow, i) => ({ ...flow, index: i + 1 }))];
}

/** What every probe of a trace is known by: its number, and its payload where it is a datagram. */
export interface ProbeNames {
  /** Number of the probe of this flow and TTL, from which its keyed words are made (probe/token.ts). */
  numberOf(flow: Flow, ttl: number): number;
  payloadOf(flow: Flow, ttl: number): Uint8Array;
}

/** Draws after which two probes that look alike are left so; a draw fails one time in ten at most. */
const MAX_DRAWS = 255;
/** What ipIdOf keeps of a word for the probe; the rest is the attempt. */
const IP_ID_MASK = 0xfff0;
const NO_PAYLOAD = new Uint8Array(0);

/**
 * Creates the names of a trace. A probe is `run << 24 | draw << 16 | flow << 8 | ttl`: the draw is changed until neither
 * its IPv4 identification nor its payload is that of another probe, so that each of the two tells the TTL alone. Late
 * answers to an earlier trace of the same seed are told apart by the run, 0 to 255.
 */
export function createProbeNames(seed: readonly [number, number], run: number): ProbeNames {
  const [keyHi, keyLo] = seed;
  const known = new Map<number, { readonly number: number; readonly payload: Uint8Array }>();
  const taken = new Set<string>();

  const payload = (flow: Flow, number: number): Uint8Array => {
    if (flow.protocol !== PROTO_UDP) return NO_PAYLOAD;
    const kind = tracePayloadFor(flow.port);
    const bytes = new Uint8Array(kind.maxLength);
    const hi = tokenWord(keyHi, keyLo, number, TOKEN.PAYLOAD_HI);
    const lo = tokenWord(keyHi, keyLo, number, TOKEN.PAYLOAD_LO);
    return bytes.subarray(0, kind.write(bytes, 0, hi, lo));
  };

  const nameOf = (flow: Flow, ttl: number) => {
    const place = (flow.index << 8) | ttl;
    const before = known.get(place);
    if (before !== undefined) return before;
    for (let draw = 0; ; draw++) {
      const number = ((run << 24) | (draw << 16) | place) >>> 0;
      const name = { number, payload: payload(flow, number) };
      const looks = [`id ${ipIdOf(keyHi, keyLo, number, 0) & IP_ID_MASK}`];
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
