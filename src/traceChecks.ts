/** What a trace cannot be asked for: by its plan, or over its wire. */
import { UsageError } from './errors.ts';
import type { Plan, Wire } from './model.ts';
import { MAX_LANES } from './wire/openWire.ts';

/** The part of a request (traceRun.ts) that is looked at here. */
interface TraceAsked {
  readonly flows?: number;
  readonly mtu?: boolean;
  readonly passage?: boolean;
  readonly fragment?: boolean;
  readonly askHops?: boolean;
  readonly control?: boolean;
  readonly sourcePort?: number;
}

/** Throws UsageError where `--flows` does not go with the rest. */
export function checkFlows({ flows = 0, control, sourcePort }: TraceAsked): void {
  if (flows === 0) return;
  if (!Number.isInteger(flows) || flows < 2 || flows > MAX_LANES) {
    throw new UsageError(`--flows takes 2 to ${MAX_LANES} source ports, not "${flows}"`);
  }
  if (control === false) throw new UsageError('--flows asks what --no-control forbids');
  if (sourcePort !== undefined) {
    throw new UsageError(`--flows takes several source ports: not with -g ${sourcePort}`);
  }
}

/** Throws UsageError where the plan does not go with what is asked besides. */
export function checkPlanned(request: TraceAsked, plan: Plan): void {
  if (request.askHops === true) checkAskHops(request, plan);
  if (request.passage === true) checkPassage(request, plan);
  if (request.fragment === true) checkFragment(request);
}

function checkAskHops({ control }: TraceAsked, { groups }: Plan): void {
  if (control === false) throw new UsageError('--ask-hops asks what --no-control forbids');
  const [udp] = groups.flatMap(({ udpPorts }) => [...udpPorts]);
  if (udp === undefined) return;
  throw new UsageError(
    `--ask-hops is for TCP, not for ${udp}/udp: a router answers a datagram by ICMP, which has no port to be filtered by`,
  );
}

function checkPassage({ control, askHops }: TraceAsked, { targets }: Plan): void {
  if (control === false) throw new UsageError('--passage asks what --no-control forbids');
  if (askHops === true) {
    throw new UsageError('--ask-hops rests on what --passage would change: one after the other');
  }
  const other = targets.families.indexOf(4);
  if (other < 0) return;
  throw new UsageError(`--passage asks by IPv6 headers: ${targets.ip(other)} is IPv4`);
}

function checkFragment({ control, askHops, passage }: TraceAsked): void {
  if (control === false) throw new UsageError('--fragment asks what --no-control forbids');
  const other = askHops === true ? '--ask-hops' : '--passage';
  if (askHops !== true && passage !== true) return;
  throw new UsageError(`${other} and --fragment settle the same: one after the other`);
}

/** Why a wire cannot do what is asked; null: it can. */
export function refusalOf(request: TraceAsked, { can, kind, note }: Wire): string | null {
  const { flows = 0, mtu, passage, fragment } = request;
  const wire = `(${kind}: ${note})`;
  const cannot = `this wire cannot ${wire}`;
  if (!can.icmpSender || !can.setTtl) {
    return `a trace needs the senders of ICMP errors, which this wire does not see ${wire}`;
  }
  if (flows > can.lanes) {
    return `--flows ${flows} needs packets of our own, to choose source ports: ${cannot}`;
  }
  if (can.packets) return null;
  if (mtu === true) return `--mtu needs packets of our own, to choose their sizes: ${cannot}`;
  if (passage === true)
    return `--passage needs packets of our own, with extension headers: ${cannot}`;
  if (fragment === true) return `--fragment needs packets of our own, to send fragments: ${cannot}`;
  return null;
}
