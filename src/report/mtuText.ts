/** The sizes of packets that come through (`--mtu`), for a person. */
import type { Path, PathMtu } from '../model.ts';
import { paragraph } from './layout.ts';

/** One line; none where it was not asked for, or nothing could be measured. */
export function mtuLines({ mtu }: Path, width: number): readonly string[] {
  return mtu === undefined ? [] : ['', ...paragraph(mtuText(mtu), width, '  ')];
}

function mtuText({ linkBytes, bytes, end, protocol, port, said }: PathMtu): string {
  const flow = `${protocol.toUpperCase()} port ${port}`;
  if (bytes === null) {
    return `How large a packet may be could not be measured with ${flow}: larger ones than usual, or padded ones, were not answered often enough.`;
  }
  const size =
    bytes === linkBytes ? `as large as our own link takes (${bytes})` : `of up to ${bytes} bytes`;
  const who = said.map((one) => `hop ${one.hop} (${one.ip}) says ${one.mtu}`).join(', ');
  return `Packets ${size} come to hop ${end} with DF set, measured with ${flow}${who === '' ? '' : `; ${who}`}.`;
}
