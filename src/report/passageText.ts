/** Whether packets to the port come to the target's own stack (`--passage`), for a person. */
import type { Path, PathPassage } from '../model.ts';
import { paragraph } from './layout.ts';

/** One line; none where it was not asked. */
export function passageLines({ passage, port }: Path, width: number): readonly string[] {
  return passage === undefined ? [] : ['', ...paragraph(passageText(passage, port), width, '  ')];
}

const FORMS: Readonly<Record<PathPassage['form'], string>> = {
  'dst-option': 'behind an IPv6 destination option',
  'first-fragment': 'as an IPv6 first fragment',
};

function passageText({ form, result, rounds, control }: PathPassage, port: number): string {
  const how = `${FORMS[form]} that the target has to refuse`;
  if (result === 'passes')
    return `A probe of port ${port} ${how} was refused by the target itself.`;
  const times = `${rounds} ${rounds === 1 ? 'time' : 'times'}`;
  if (result === 'lost') {
    return `Probes of port ${port} ${how} were lost ${times}; those of port ${control?.port} were refused by the target.`;
  }
  return 'Whether the port gets its packets could not be asked: IPv6 extension headers and fragments are filtered on this way, or the target does not refuse them.';
}
