/** What a case of a payload is; the cases themselves are in the files beside. */
import type { PayloadKind } from '../../../src/probe/payload.ts';

/** The token of every case. */
export const TOKEN: readonly [number, number] = [0xf1234567, 0x89abcdef];

export interface PayloadCase {
  readonly protocol: string;
  /** Set for a kind that is made, and stands in no table. */
  readonly kind?: PayloadKind;
  readonly request: Uint8Array;
  /** Bits of the two token words that every answer must bring back; none where the protocol has no room. */
  readonly identity: readonly [number, number];
  /** An answer may end anywhere: what is left of it is a genuine shorter answer. */
  readonly openEnded?: true;
  readonly accepted: readonly {
    readonly of: string;
    readonly bytes: Uint8Array;
    readonly info: string;
  }[];
  readonly rejected: readonly { readonly why: string; readonly bytes: Uint8Array }[];
}
