/** UDP answers: from whom they come, which probe they answer, and what they prove. */
import { NO_PROBE, PROTO_UDP } from '../batch.ts';
import type { Family, Service } from '../model.ts';
import { formatIp } from '../packet/address.ts';
import { TOKEN, tokenWord } from '../probe/token.ts';
import { ANSWER } from './facts.ts';
import { locate, type Match, type MatchingContext, type MatchResult } from './match.ts';

/** A UDP answer; `from` holds the sender's address at `fromAt`. */
export interface Datagram {
  readonly family: Family;
  readonly from: Uint8Array;
  readonly fromAt: number;
  readonly fromPort: number;
  readonly payload: Uint8Array;
}

/** Probes that a stranger's answer is compared with, at most. */
const MAX_STRANGER_CANDIDATES = 256;
/** Probes that are looked at to find them: a flood of strangers must not cost a walk over millions each. */
const MAX_STRANGER_LOOKS = 4096;

/** Ties a UDP answer to its probe: by address and port, else by the token in its payload. */
export function matchDatagram(
  match: Match,
  options: MatchingContext,
  datagram: Datagram,
): MatchResult {
  const { targets, space } = options.plan;
  const { family, from, fromAt, fromPort, payload } = datagram;
  const target = targets.indexOf(from, fromAt, family);
  match.answer = ANSWER.DATAGRAM;
  match.fromIsTarget = true;
  match.fromPort = fromPort;
  if (locate(match, options, { target, protocol: PROTO_UDP, port: fromPort })) {
    if (match.probe !== NO_PROBE) {
      match.service = readService(options, match.probe, fromPort, payload);
    }
    return 'matched';
  }
  const probe = probeOfStranger(match, options, target, payload);
  if (probe < 0) return 'foreign';
  match.probe = probe;
  match.target = space.targetOf(probe);
  // TFTP answers from a port of its own choice (RFC 1350 section 4).
  const isExpected =
    target >= 0 && options.payloads.of(space.portOf(probe)).answersFromOtherPort === true;
  if (!isExpected) {
    match.answer = ANSWER.STRANGER;
    match.fromIsTarget = false;
    match.from = formatIp(from, fromAt, family);
    match.service = null;
  }
  return 'matched';
}

function readService(
  { plan, payloads }: MatchingContext,
  probe: number,
  port: number,
  bytes: Uint8Array,
): Service | null {
  const [keyHi, keyLo] = plan.seed;
  return payloads
    .of(port)
    .read(
      bytes,
      tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_HI),
      tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_LO),
    );
}

/** The probe whose token the answer brings back; else the only UDP probe that it can mean; else -1. */
function probeOfStranger(
  match: Match,
  options: MatchingContext,
  target: number,
  bytes: Uint8Array,
): number {
  const { space } = options.plan;
  let compared = 0;
  let only = -1;
  const looks = Math.min(space.count, MAX_STRANGER_LOOKS);
  for (let probe = 0; probe < looks && compared < MAX_STRANGER_CANDIDATES; probe++) {
    if (space.protocolOf(probe) !== PROTO_UDP) continue;
    if (target >= 0 && space.targetOf(probe) !== target) continue;
    compared += 1;
    only = compared === 1 ? probe : -1;
    const service = readService(options, probe, space.portOf(probe), bytes);
    if (service !== null) {
      match.service = service;
      return probe;
    }
  }
  // Our socket's port is known to those whom we asked: with one probe there is nobody else to have told it.
  return looks === space.count ? only : -1;
}
