/**
 * The scanner's own socket layer, so that what unprivileged sockets tell can be played in memory: probes become packets
 * as Linux would send them, pass the own firewall, route and neighbour, and what comes back becomes socket events.
 *
 * View `errqueue`: one unconnected UDP socket a family and TCP connects, all with error queues. View `connect`: a socket
 * for each probe, of which nothing but data and errno is seen.
 */
import { isEcho, PROTO_TCP, type ProbeBatch, SIGNAL } from '../batch.ts';
import { ERRNO } from '../errno.ts';
import type { TargetTable } from '../model.ts';
import { classifyIp } from '../packet/address.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';
import { checkTransport } from '../packet/transport.ts';
import type { Arrival } from './arrivals.ts';
import { compileFilter } from './filter.ts';
import { createFlight, type Flight, readFlight } from './flight.ts';
import { createIcmpInput } from './kernelIcmp.ts';
import { createKernelOutput } from './kernelOutput.ts';
import { createPingSockets } from './kernelPing.ts';
import { createTcpSockets } from './kernelTcp.ts';
import { createUdpSockets } from './kernelUdp.ts';
import { PROCESS_DESCRIPTORS } from './limits.ts';
import { createLocalPorts } from './localPorts.ts';
import type { Network } from './network.ts';
import type { OwnSideView } from './ownSide.ts';
import type { SignalRecord } from './signals.ts';
import type { Sockets, SocketView } from './sockets.ts';
import type { World } from './world.ts';

/** What the socket layer stands on. */
export interface KernelContext {
  readonly world: World;
  readonly network: Network;
  readonly targets: TargetTable;
  readonly own: OwnSideView<Uint8Array>;
  /** Where signals go. */
  readonly queue: SignalRecord[];
  readonly seed: number;
}

/** The socket layer as the simulated wire uses it. */
export interface Kernel {
  send(batch: ProbeBatch, row: number, nowMs: number): void;
  /** Takes a packet; always true, its signals go to the queue. */
  receive(arrival: Arrival): boolean;
  advance(nowMs: number): void;
  nextAtMs(): number | undefined;
  counters(): Readonly<Record<string, number>>;
}

/** Creates the socket layer of the scanner of a world. */
export function createKernel(context: KernelContext, view: SocketView): Kernel {
  const { world, network, targets, own, queue } = context;
  const { scanner } = world;
  const filter = compileFilter(scanner.rules);
  const outbound = createFlight();
  const inbound = createFlight();
  const loopback = {
    4: Uint8Array.of(127, 0, 0, 1, ...new Uint8Array(12)),
    6: Uint8Array.of(...new Uint8Array(15), 1),
  };
  const sockets: Sockets = {
    view,
    targets,
    queue,
    seed: context.seed,
    ttl: scanner.ttl,
    ports: createLocalPorts(scanner),
    buffer: own.buffer,
    sourceFor(target, family) {
      const isLoopback = classifyIp(targets.bytes, target * 16, family) === 'loopback';
      return isLoopback ? loopback[family] : scanner.address[family].bytes;
    },
    emit: (out, length, nowMs) => output.emit(out, length, nowMs),
  };
  const output = createKernelOutput({ scanner, filter, network, own, input });
  const tcp = createTcpSockets(sockets, outbound, own.counters);
  const udp = createUdpSockets(sockets, outbound);
  const ping = createPingSockets(sockets, scanner.pingSockets, outbound);
  const icmp = createIcmpInput(tcp, udp, ping);

  function input(flight: Flight, length: number, atMs: number): void {
    if (!readFlight(flight, length, atMs)) return;
    const { ip } = flight;
    const rule = filter.match('prerouting', flight) ?? filter.match('input', flight);
    if (rule !== null && rule.verdict !== 'accept') {
      own.counters.inDropped[ip.family] += 1;
      return;
    }
    if (checkTransport(flight.bytes, ip) === 'bad') return;
    if (flight.isIcmp) icmp.input(flight);
    else if (ip.protocol === IP_PROTOCOL.TCP) tcp.input(flight);
    else if (ip.protocol === IP_PROTOCOL.UDP) udp.input(flight);
  }

  /** A socket for each probe is what descriptors are wanted for; the error queue keeps to its pool. */
  function hasDescriptor(batch: ProbeBatch, row: number, nowMs: number): boolean {
    const { descriptors } = scanner.limits;
    if (descriptors === null || view === 'errqueue' || udp.isOpen(batch, row)) return true;
    return PROCESS_DESCRIPTORS + tcp.openCount(nowMs) + udp.openCount() < descriptors;
  }

  function sendRow(batch: ProbeBatch, row: number, nowMs: number): number {
    const target = batch.target[row]!;
    const family = targets.families[target] === 6 ? 6 : 4;
    if (!hasDescriptor(batch, row, nowMs)) return ERRNO.EMFILE;
    const error = own.routeError(targets.bytes, target * 16, family);
    if (error !== null) return ERRNO[error];
    const isLocal = own.isLocal(targets.bytes, target * 16, family);
    if (scanner.route === 'blocked' && !isLocal) return ERRNO.EPERM;
    const isTcp = batch.protocol[row] === PROTO_TCP;
    if (isTcp) return tcp.connect(batch, row, nowMs);
    if (isEcho(batch.protocol[row]!)) return ping.send(batch, row, nowMs);
    const errno = udp.send(batch, row, nowMs);
    if (errno !== ERRNO.ENOBUFS || view === 'errqueue') return errno;
    // Without an error queue the kernel only counts it (net/ipv4/udp.c, udp_send_skb).
    own.counters.outDropped[family] += 1;
    return 0;
  }

  return {
    send(batch, row, nowMs) {
      const errno = sendRow(batch, row, nowMs);
      if (errno !== 0) queue.push(toSendFailed(targets, batch, row, { errno, nowMs }));
    },
    receive(arrival) {
      const { bytes, atMs } = arrival;
      inbound.bytes.set(bytes);
      // No counter of the kernel tells of this hook (nf_hook_ingress comes before ip_rcv).
      if (!readFlight(inbound, bytes.length, atMs)) return true;
      if (filter.match('ingress', inbound)?.verdict === 'drop') return true;
      input(inbound, arrival.bytes.length, arrival.atMs);
      return true;
    },
    advance(nowMs) {
      output.advance(nowMs);
      tcp.advance(nowMs);
    },
    nextAtMs() {
      const failure = own.neighbours.nextAtMs();
      const timer = tcp.nextAtMs();
      if (failure === undefined) return timer;
      return timer === undefined ? failure : Math.min(failure, timer);
    },
    counters: () => ({}),
  };
}

/** A row that did not leave, and the errno of why. */
export function toSendFailed(
  targets: TargetTable,
  batch: ProbeBatch,
  row: number,
  failure: { readonly errno: number; readonly nowMs: number },
): SignalRecord {
  const target = batch.target[row]!;
  return {
    kind: SIGNAL.SEND_FAILED,
    atMs: failure.nowMs,
    sentMs: failure.nowMs,
    probe: batch.probe[row]!,
    attempt: batch.attempt[row]!,
    tag: batch.tag[row]!,
    protocol: batch.protocol[row]!,
    family: targets.families[target]!,
    dst: { bytes: targets.bytes, at: target * 16 },
    dstPort: batch.port[row]!,
    errno: failure.errno,
  };
}
