/** Whether packets to the port come to the target's own stack (`--passage`, `--fragment`), for a person. */
import type { Path, PathPassage } from '../model.ts';
import { paragraph } from './layout.ts';

/** One line; none where it was not asked. */
export function passageLines({ passage, port }: Path, width: number): readonly string[] {
  return passage === undefined ? [] : ['', ...paragraph(passageText(passage, port), width, '  ')];
}

const FORMS: Readonly<Record<Exclude<PathPassage['form'], 'reassembly'>, string>> = {
  'dst-option': 'behind an IPv6 destination option',
  'first-fragment': 'as an IPv6 first fragment',
};

/** The first fragment of a packet, whose rest is waited for. */
function reassemblyText({ result, rounds, control }: PathPassage, port: number): string {
  const said = 'the target said that the rest did not come';
  if (result === 'passes') return `Of first fragments to port ${port} ${said}: they come to it.`;
  const other = `of those to port ${control?.port}`;
  if (result === 'lost') {
    return `Of ${rounds} first fragments to port ${port} nobody said anything; ${other} ${said}.`;
  }
  return `Whether the port gets its packets could not be asked: of first fragments to port ${control?.port}, the target said too seldom that the rest did not come. Routers that keep connections may keep fragments, too.`;
}

function passageText(passage: PathPassage, port: number): string {
  const { form, result, rounds, control } = passage;
  if (form === 'reassembly') return reassemblyText(passage, port);
  const how = `${FORMS[form]} that the target has to refuse`;
  if (result === 'passes')
    return `A probe of port ${port} ${how} was refused by the target itself.`;
  const times = `${rounds} ${rounds === 1 ? 'time' : 'times'}`;
  if (result === 'lost') {
    return `Probes of port ${port} ${how} were lost ${times}; those of port ${control?.port} were refused by the target.`;
  }
  return 'Whether the port gets its packets could not be asked: IPv6 extension headers and fragments are filtered on this way, or the target does not refuse them.';
}
