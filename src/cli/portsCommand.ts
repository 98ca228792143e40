import { listedPorts } from '../index.ts';

/** The text of `pu-probe ports`: the tool's own lists, in a form that `-p` takes back. */
export function portsText(): string {
  return (['tcp', 'udp'] as const)
    .map((protocol) => {
      const ports = listedPorts(protocol, 'default');
      const short = listedPorts(protocol, 'short');
      const name = protocol.toUpperCase();
      return `${name}, ${ports.length} ports (-F asks the first ${short.length}):\n${ports.join(',')}\n`;
    })
    .join('\n');
}
