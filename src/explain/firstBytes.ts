/** The first bytes of each flow's first datagram: enough to tell whether it answers somebody else's question. */
import type { Payload } from './datagramFlow.ts';
import { MAX_FLOWS } from './flowTable.ts';

/** First bytes by flow number. */
export interface FirstBytes {
  keep(flow: number, payload: Payload): void;
  /** What was kept; valid until the next call. */
  of(flow: number): Payload;
}

/** The header of NTP, the longest that is looked at. Over all flows 6 MB, of which only what is used is real memory. */
const KEPT_BYTES = 48;

/** Creates the store. */
export function createFirstBytes(): FirstBytes {
  const kept = new Uint8Array(MAX_FLOWS * KEPT_BYTES);
  const lengths = new Uint8Array(MAX_FLOWS);
  const view: Payload = { bytes: kept, at: 0, end: 0 };
  return {
    keep(flow, { bytes, at, end }) {
      const length = Math.min(KEPT_BYTES, end - at);
      for (let i = 0; i < length; i++) kept[flow * KEPT_BYTES + i] = bytes[at + i]!;
      lengths[flow] = length;
    },
    of(flow) {
      view.at = flow * KEPT_BYTES;
      view.end = view.at + lengths[flow]!;
      return view;
    },
  };
}
