/** The routers that were asked themselves (`--ask-hops`), for a person. */
import type { AskedHop, HopAnswer, Path } from '../model.ts';
import { paragraph } from './layout.ts';

/** A line for each kind of answer below a head; none where no router was asked. */
export function askedHopLines({ port, askedHops }: Path, width: number): readonly string[] {
  if (askedHops === undefined) return [];
  const { control, hops } = askedHops;
  const kinds = new Map<string, number[]>();
  for (const hop of hops) {
    const text = answerText(hop, port, control);
    kinds.set(text, [...(kinds.get(text) ?? []), hop.ttl]);
  }
  const head = `Routers asked by SYN to their ports ${port} and ${control} (control):`;
  const rows = [...kinds].flatMap(([text, ttls]) =>
    paragraph(
      `${ttls.length === 1 ? 'hop' : 'hops'} ${ttls.join(', ')}: ${text}`,
      width - 4,
      '    ',
    ),
  );
  return ['', ...paragraph(head, width, '  '), ...rows];
}

const WORDS: Readonly<Record<HopAnswer, string>> = {
  answered: 'answered',
  silent: 'no answer',
  unclear: 'nothing that tells',
};

function answerText(hop: AskedHop, port: number, control: number): string {
  if (hop.port === hop.control) return `${WORDS[hop.port]} from either`;
  return `${WORDS[hop.port]} from ${port}, ${WORDS[hop.control]} from ${control}`;
}
