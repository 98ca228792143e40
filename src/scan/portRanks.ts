/** Which silent UDP ports a walk asks first. */
import type { Plan, PlanGroup } from '../model.ts';
import { namedPorts } from '../plan/portNames.ts';
import { payloadFor } from '../probe/payload.ts';
import { RANK, type Rank } from './waitingPorts.ts';

/** The group of a target. */
export function groupOf({ groups }: Plan, target: number): PlanGroup | undefined {
  return groups.find(
    ({ firstTarget, targetCount }) => target >= firstTarget && target < firstTarget + targetCount,
  );
}

/** Whether a run asks UDP ports at all: long runs of TCP are spared what concerns those alone. */
export function asksUdp({ groups }: Pick<Plan, 'groups'>): boolean {
  return groups.some(({ udpPorts }) => udpPorts.length > 0);
}

/** Whether a UDP service is registered for a port; the names are read when the first one is asked for. */
export function createRegistered(): (port: number) => boolean {
  let ports: ReadonlySet<number> | undefined;
  return (port) => {
    ports ??= new Set(namedPorts('udp'));
    return ports.has(port);
  };
}

/** Creates the ranks of a run: named before ranges, with a request of its own, with a registered service, all others. */
export function createRanks(plan: Plan): (target: number, port: number) => Rank {
  const isRegistered = createRegistered();
  const named = new Map(plan.groups.map((group) => [group, new Set(group.udpNamed)]));
  return (target, port) => {
    const group = groupOf(plan, target);
    if (group !== undefined && named.get(group)!.has(port)) return RANK.NAMED;
    if (payloadFor(port).ports.length > 0) return RANK.REQUEST;
    return isRegistered(port) ? RANK.REGISTERED : RANK.OTHER;
  };
}
