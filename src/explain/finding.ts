/** What `explain` finds in a capture, and the report of it (schema pu-probe/explain/1). Types only. */
import type { By, Ip } from '../model.ts';

/** `high` is what contract.md calls certain. */
export type Certainty = 'high' | 'medium' | 'low';

/** What sort of trouble it is. */
export type FindingKind =
  | 'icmp-error'
  | 'refused'
  | 'reset'
  | 'silent'
  | 'half-open'
  | 'syn-proxy'
  | 'stalled'
  | 'late'
  | 'other-source'
  | 'icmp-limited'
  | 'note';

/** A flow as people write it: who asked whom. A port is null where the protocol has none, or it is not known. */
export interface FlowEnds {
  readonly protocol: string;
  readonly from: Ip;
  readonly fromPort: number | null;
  readonly to: Ip;
  readonly toPort: number | null;
}

/** The packets that a finding rests on. */
export interface Cited {
  /** A Wireshark display filter that selects exactly these packets of this file. */
  readonly filter: string;
  readonly packets: number;
  /** The first of them, by Wireshark's number. */
  readonly frames: readonly number[];
}

/** What the predicates of known causes look at; -1 or null where it is not known. */
export interface FindingFacts {
  readonly askedPorts: readonly number[];
  /** Outer TTL of the deciding packet. */
  readonly ttl: number;
  readonly quotedTtl: number;
  /** Hops between capture and sender, 1 = none between. */
  readonly distance: number | null;
  /** The same of other packets of the asked host. */
  readonly targetDistance: number | null;
  /** TTL of the asked host's own answers, -1 where none or several were seen. */
  readonly targetTtl: number;
  /** Routers between the capture point and the quoting one, by the TTL in the quote. */
  readonly travelled: number | null;
  readonly wearsTarget: boolean;
  readonly quoteBytes: number;
  readonly nat: readonly string[];
  readonly isTcp: boolean;
  /** Ports of the same target that did answer. */
  readonly answeredPorts: number;
  /** Time from the first quoted packet to the first error, ms; -1 = not known. */
  readonly tookMs: number;
  /** Time from the accepted handshake to the reset, ms; -1 = none. */
  readonly acceptedForMs: number;
  /** Attempts: SYNs, requests, errors. */
  readonly count: number;
}

/** A known cause that fits a finding. */
export interface FittingCause {
  /** Row of the table of causes; its words are in the catalogue. */
  readonly id: string;
  readonly certainty: Certainty;
  /** One English sentence, and what mends it. */
  readonly what: string;
  readonly fix: string;
  readonly source: string;
}

/** One finding before it is put in words. */
export interface FindingDraft {
  readonly kind: FindingKind;
  /** The larger, the more telling. */
  readonly rank: number;
  readonly whyId: string;
  readonly whyArgs: Readonly<Record<string, string | number>>;
  readonly certainty: Certainty;
  readonly by: By | null;
  readonly icmp: { readonly type: number; readonly code: number } | null;
  readonly flows: readonly FlowEnds[];
  readonly flowCount: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly cited: Cited;
  readonly facts: FindingFacts;
}

/** One thing to check, and how, on either system. */
export interface Step {
  readonly what: string;
  readonly linux: readonly string[];
  readonly windows: readonly string[];
}

/** One finding, in words. */
export interface CaptureFinding
  extends Omit<FindingDraft, 'rank' | 'firstMs' | 'lastMs' | 'cited'> {
  /** `f1` is the most telling. */
  readonly id: string;
  /** Seconds since the first packet of the capture. */
  readonly firstS: number;
  readonly lastS: number;
  readonly packets: number;
  readonly frames: readonly number[];
  readonly filter: string;
  readonly title: string;
  readonly why: string;
  readonly meaning: string;
  readonly next: readonly Step[];
  readonly causes: readonly FittingCause[];
}

/** What `explain` says of a capture. */
export interface ExplainReport {
  readonly schema: 'pu-probe/explain/1';
  readonly tool: { readonly name: string; readonly version: string };
  readonly command: 'explain';
  /** False: the file ended early or could be read no further. */
  readonly complete: boolean;
  readonly capture: {
    /** Null for an empty one. */
    readonly startedAt: string | null;
    readonly durationMs: number;
    readonly packets: number;
    readonly flows: number;
    readonly counts: Readonly<Record<string, number>>;
  };
  readonly findings: readonly CaptureFinding[];
  /** Findings beyond the limit. */
  readonly furtherFindings: number;
  /** What this capture cannot show, in sentences. */
  readonly limits: readonly string[];
  readonly warnings: readonly string[];
}
