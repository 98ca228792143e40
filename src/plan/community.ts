import { UsageError } from '../errors.ts';
import type { Plan, PlanGroup } from '../model.ts';

const SNMP_PORT = 161;
/** What net-snmp and most agents take (COMMUNITY_MAX_LEN). */
const MAX_LENGTH = 256;

/**
 * Parses `NAME`, for version 2c, or `v1:NAME`; undefined is none. Throws a UsageError, which does not repeat the name,
 * as that is a password, where it cannot be one or where no target is asked at UDP port 161.
 */
export function planCommunity(
  text: string | undefined,
  groups: readonly PlanGroup[],
): Plan['snmpCommunity'] {
  if (text === undefined) return null;
  const match = /^(?:(v1|v2c):)?(.*)$/s.exec(text)!;
  const name = match[2]!;
  const isBytes = [...name].every((letter) => letter.codePointAt(0)! <= 0xff);
  if (name === '' || name.length > MAX_LENGTH || !isBytes) {
    throw new UsageError(
      `--snmp-community takes 1 to ${MAX_LENGTH} characters of one byte each, after v1: for version 1`,
    );
  }
  if (!groups.some(({ udpPorts }) => udpPorts.includes(SNMP_PORT))) {
    throw new UsageError(`--snmp-community has no use: UDP port ${SNMP_PORT} is not asked`);
  }
  return { name, version: match[1] === 'v1' ? 'v1' : 'v2c' };
}
