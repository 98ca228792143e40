/** -T0..-T5 as one table of constants. */

export interface TimingTemplate {
  readonly name: 'paranoid' | 'sneaky' | 'polite' | 'normal' | 'aggressive' | 'insane';
  /** Retransmission timeout before the first RTT sample of a target, ms (RFC 6298 section 2.1 says 1 s). */
  readonly initialRtoMs: number;
  /** Floor and ceiling of the timeout, ms. The floor covers scheduling noise of both machines, not the path. */
  readonly minRtoMs: number;
  readonly maxRtoMs: number;
  /** Retransmissions of a silent probe while no loss was seen in this run. */
  readonly retries: number;
  /** Most retransmissions when answers to retransmissions show loss. */
  readonly maxRetries: number;
  /** Probes in flight at the start, and at most: in all and for one target. */
  readonly initialWindow: number;
  readonly maxWindow: number;
  readonly maxTargetWindow: number;
  /** Shortest time between two probes, ms; 0: the window alone decides. */
  readonly gapMs: number;
}

/** Rate of routed targets unless `--rate` says more, packets/s (contract.md, "Speed"). */
export const ROUTED_RATE_PPS = 20_000;

/**
 * The first template that sends what is not asked for by name: controls, and walks that prove silences. The slower ones are
 * chosen by people who want few packets.
 */
export const QUICKEST_POLITE = 3;

/** The templates; the index is the number of `-T`. */
export const TIMING_TEMPLATES: readonly TimingTemplate[] = [
  {
    name: 'paranoid',
    initialRtoMs: 5000,
    minRtoMs: 1000,
    maxRtoMs: 15_000,
    retries: 2,
    maxRetries: 10,
    initialWindow: 1,
    maxWindow: 1,
    maxTargetWindow: 1,
    gapMs: 300_000,
  },
  {
    name: 'sneaky',
    initialRtoMs: 3000,
    minRtoMs: 500,
    maxRtoMs: 15_000,
    retries: 2,
    maxRetries: 10,
    initialWindow: 1,
    maxWindow: 1,
    maxTargetWindow: 1,
    gapMs: 15_000,
  },
  {
    name: 'polite',
    initialRtoMs: 1000,
    minRtoMs: 200,
    maxRtoMs: 10_000,
    retries: 2,
    maxRetries: 10,
    initialWindow: 1,
    maxWindow: 8,
    maxTargetWindow: 4,
    gapMs: 400,
  },
  {
    name: 'normal',
    initialRtoMs: 1000,
    minRtoMs: 100,
    maxRtoMs: 10_000,
    retries: 2,
    maxRetries: 10,
    initialWindow: 32,
    maxWindow: 32_768,
    maxTargetWindow: 32_768,
    gapMs: 0,
  },
  {
    name: 'aggressive',
    initialRtoMs: 500,
    minRtoMs: 100,
    maxRtoMs: 1250,
    retries: 2,
    maxRetries: 6,
    initialWindow: 64,
    maxWindow: 32_768,
    maxTargetWindow: 32_768,
    gapMs: 0,
  },
  {
    name: 'insane',
    initialRtoMs: 250,
    minRtoMs: 50,
    maxRtoMs: 300,
    retries: 1,
    maxRetries: 2,
    initialWindow: 128,
    maxWindow: 32_768,
    maxTargetWindow: 32_768,
    gapMs: 0,
  },
];
