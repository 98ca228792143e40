/**
 * SIP OPTIONS (RFC 3261 section 11): what can you do? Max-Forwards is 0, so that no proxy passes it on, and the name `.invalid`
 * (RFC 2606) can belong to nobody. `rport` (RFC 3581) has the answer sent to the port that we asked from.
 * The token stands in the branch and the Call-ID, which every answer brings back. No user, no credential.
 *
 * The target sees a keep-alive such as trunks send; a server that knows no such peer may log one line (Asterisk: "No
 * matching endpoint found"), and nothing that SIP answers to at all avoids that.
 */
import type { PayloadKind } from '../payload.ts';
import { toBytes, toTokenText, writeBytes, writeHex32 } from './bytes.ts';
import { type HeaderText, readHeaderText } from './headerText.ts';
import { toInfo, toPrintable } from './printable.ts';

const BRANCH_PREFIX = 'z9hG4bK';
const CSEQ = '1 OPTIONS';
const TOKEN_LENGTH = 16;

/** The request around its two tokens. */
const PARTS: readonly Uint8Array[] = [
  [
    'OPTIONS sip:pu-probe.invalid SIP/2.0',
    `Via: SIP/2.0/UDP pu-probe.invalid;rport;branch=${BRANCH_PREFIX}`,
  ].join('\r\n'),
  [
    '',
    'Max-Forwards: 0',
    'From: <sip:pu-probe.invalid>;tag=1',
    'To: <sip:pu-probe.invalid>',
    'Call-ID: ',
  ].join('\r\n'),
  ['', `CSeq: ${CSEQ}`, 'Accept: application/sdp', 'Content-Length: 0', '', ''].join('\r\n'),
].map(toBytes);
const PARTS_LENGTH: number = PARTS.reduce((sum, part) => sum + part.length, 0);

const STATUS_LINE = /^SIP\/2\.0 [1-6][0-9]{2} /;

/** SIP, proven by branch, Call-ID and CSeq; `info` is the status and the Server (or User-Agent) header. */
export const sip: PayloadKind = {
  protocol: 'sip',
  ports: [5060],
  source: 'RFC 3261 sections 8.1.1, 11.1 and 18.2.2; RFC 3581',
  maxLength: PARTS_LENGTH + 2 * TOKEN_LENGTH,
  write(out, at, tokenHi, tokenLo) {
    const branchAt = writeBytes(out, at, PARTS[0]!);
    const afterBranch = writeHex32(out, writeHex32(out, branchAt, tokenHi), tokenLo);
    const callIdAt = writeBytes(out, afterBranch, PARTS[1]!);
    const afterCallId = writeHex32(out, writeHex32(out, callIdAt, tokenHi), tokenLo);
    return writeBytes(out, afterCallId, PARTS[2]!) - at;
  },
  read(reply, tokenHi, tokenLo) {
    const text = readHeaderText(reply);
    if (text === null) return null;
    const status = toPrintable(text.startLine);
    if (!STATUS_LINE.test(status)) return null;
    const token = toTokenText(tokenHi, tokenLo);
    if (readBranch(text) !== BRANCH_PREFIX + token) return null;
    if (readOne(text, 'call-id', 'i') !== token) return null;
    if (readOne(text, 'cseq', 'cseq')?.replace(/[ \t]+/, ' ') !== CSEQ) return null;
    const software = text.values('server')[0] ?? text.values('user-agent')[0];
    const named = software === undefined ? null : toPrintable(toBytes(software));
    return { protocol: 'sip', info: toInfo([status.slice('SIP/2.0 '.length).trimEnd(), named]) };
  },
};

/** The value of a header that must stand there once, in its long or compact form (RFC 3261 section 7.3.3). */
function readOne(text: HeaderText, name: string, compact: string): string | undefined {
  const values =
    name === compact ? text.values(name) : [...text.values(name), ...text.values(compact)];
  return values.length === 1 ? values[0] : undefined;
}

function readBranch(text: HeaderText): string | undefined {
  const via = readOne(text, 'via', 'v');
  const parameter = via
    ?.split(';')
    .slice(1)
    .find((item) => /^[ \t]*branch[ \t]*=/i.test(item));
  return parameter?.slice(parameter.indexOf('=') + 1).trim();
}
