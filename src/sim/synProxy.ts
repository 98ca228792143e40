/**
 * The second half of a SYN proxy (nftables `synproxy`): after the client's ACK it asks the service itself, and opens the
 * client's window when the service takes the connection.
 */
import { TCP_FLAG } from '../packet/tcp.ts';
import { writeProxiedSyn, writeReset, writeWindowUpdate } from './answers.ts';
import { readFlight } from './flight.ts';
import { carryOut } from './forwarding.ts';
import { answerFrom, askedAddress, carryBack, passDeparture, type Transit } from './transit.ts';

/** Lets the proxy at `transit.proxyAt` ask the service, and tells the client what came of it. */
export function finishHandshake(transit: Transit): void {
  const { probe, proxied, reply, nodes } = transit;
  const node = transit.proxyAt;
  const proxy = nodes.at(node);
  const isRouter = proxy.near !== null;
  readFlight(proxied, writeProxiedSyn(probe, proxy.ttl, proxied), probe.atMs);
  transit.proxyAnswered = false;
  if (!isRouter) {
    const answer = proxy.stack.answer(proxied, askedAddress(proxied, proxy), reply);
    transit.proxyAnswered = typeof answer === 'number' && readFlight(reply, answer, probe.atMs);
  } else if (passDeparture(transit, proxied, node)) {
    carryOut(transit, proxied, proxy.position);
  }
  transit.proxyAt = -1;
  if (!transit.proxyAnswered) return;
  const flags = reply.bytes[reply.ip.payloadAt + 13]!;
  probe.atMs = reply.atMs;
  if ((flags & TCP_FLAG.SYN) !== 0) {
    answerFrom(transit, probe, node, writeWindowUpdate(probe, askedAddress(probe, proxy), reply));
    return;
  }
  // The service's reset comes through, its sequence number moved to what the client was promised.
  const ttl = reply.ip.ttl - (isRouter ? 1 : 0);
  const length = writeReset(probe, { bytes: probe.bytes, at: probe.ip.dstAt, ttl }, reply);
  if (readFlight(reply, length, probe.atMs)) carryBack(transit, proxy.position);
}
