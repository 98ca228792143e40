/** What ended a command. */
export interface Ending {
  readonly interrupted: boolean;
  readonly internalError: boolean;
  /** An expectation failed. */
  readonly failed: boolean;
  /** Something could not be checked, or an expectation is undecided. */
  readonly unchecked: boolean;
}

/** Exit code of a usage error; found before anything runs, so it never meets the others. */
export const EXIT_USAGE = 2;

/** The exit code; several endings at once: 130 > 4 > 1 > 3 > 0 (contract.md, "Exit codes"). */
export function exitCode({ interrupted, internalError, failed, unchecked }: Ending): number {
  if (interrupted) return 130;
  if (internalError) return 4;
  if (failed) return 1;
  return unchecked ? 3 : 0;
}
