/** Which source port a wire of packets tries to reserve. */
import { TOKEN, tokenWord } from '../probe/token.ts';

/**
 * Above the ports that Linux gives to clients by itself (net.ipv4.ip_local_port_range): no connection of another process
 * begins on one while we use it.
 */
const FIRST_PORT = 61_000;
const PORT_COUNT = 4500;
/** Draws before we believe that no port is free. */
export const MAX_PORT_DRAWS = 32;

/** The port of a draw, by the seed of the run. */
export function drawSourcePort([keyHi, keyLo]: readonly [number, number], draw: number): number {
  return FIRST_PORT + (tokenWord(keyHi, keyLo, draw, TOKEN.SOURCE_PORT) % PORT_COUNT);
}
