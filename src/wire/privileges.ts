/** Giving up what only opening sockets needs. */
import { loadNative } from './native.ts';

/**
 * Drops the capabilities of this thread but those that reach files (`CAP_DAC_OVERRIDE` and its like), which reports are
 * written with. Sockets that are open stay as they are. Without the addon nothing is dropped: then nothing was opened
 * with privilege either.
 */
export function dropPrivileges(): void {
  const loaded = loadNative();
  if ('addon' in loaded) loaded.addon.dropPrivileges();
}
