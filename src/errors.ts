/** The two things that are thrown: the user's mistake, and an environment that does not let us begin. */

/** A mistake in what the user wrote; `message` is one line that names the offending text. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export type ProbeErrorCode = 'E_WIRE_UNAVAILABLE' | 'E_NAME_LOOKUP' | 'E_NOT_REPLAYABLE';

/** The environment does not allow what was explicitly asked for. Exit code 3. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError';
  readonly code: ProbeErrorCode;

  constructor(code: ProbeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
