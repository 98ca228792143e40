/** How many TCP sockets the error-queue wire may have. */

/** Sockets at most, and files left to the rest of the process. */
const MAX_TCP_SLOTS = 4096;
const SPARE_FILES = 64;

/** Sockets under a limit of open files, or why there can be none. */
export function toSlots(fileLimit: number): number | string {
  const slots = Math.min(MAX_TCP_SLOTS, fileLimit - SPARE_FILES);
  return slots < 1 ? 'the limit of open files is too low (ulimit -n)' : slots;
}
