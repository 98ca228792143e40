/** Flows by their asker's address and port: made once, when all packets are read. */
import type { Flow } from './flow.ts';

/** Looks flows up by who asked. */
export interface AskerIndex {
  /** At most as many as {@link MAX_SIBLINGS}. */
  flowsOf(protocol: number, asker: number, port: number): readonly Flow[];
}

/** A scanner asks everybody from one port; answers that could belong to more flows than this belong to none for sure. */
const MAX_SIBLINGS = 64;

/** Indexes the flows. */
export function createAskerIndex(flows: readonly Flow[]): AskerIndex {
  const byAsker = new Map<number, Flow[]>();
  // Address numbers have 17 bits, ports 16, protocols 8: together less than the 53 of a number.
  const keyOf = (protocol: number, asker: number, port: number) =>
    (asker * 65_536 + port) * 256 + protocol;
  for (const flow of flows) {
    const key = keyOf(flow.protocol, flow.asker, flow.askerPort);
    const known = byAsker.get(key);
    if (known === undefined) byAsker.set(key, [flow]);
    else if (known.length < MAX_SIBLINGS) known.push(flow);
  }
  return { flowsOf: (protocol, asker, port) => byAsker.get(keyOf(protocol, asker, port)) ?? [] };
}
