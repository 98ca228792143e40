/** The source ports of a port that was walked from many (`--flows`), for a person: each way with its count and its end. */
import type { Path, SourceGroup } from '../model.ts';
import { paragraph } from './layout.ts';

/** A line for each way, largest first, below a head; none where no other source port was asked for. */
export function sourceLines({ sources }: Path, width: number): readonly string[] {
  if (sources === undefined) return [];
  const { asked, groups } = sources;
  const rows = groups
    .toSorted((a, b) => b.srcPorts.length - a.srcPorts.length)
    .flatMap((group) => paragraph(groupText(group), width - 4, '    '));
  return ['', ...paragraph(`From ${asked} source ports:`, width, '  '), ...rows];
}

function groupText(group: SourceGroup): string {
  const ways = group.ways.map(({ ttl, ip }) => `${ip} at hop ${ttl}`).join(', ');
  return `${group.srcPorts.length} ${ways === '' ? 'one way' : `by ${ways}`}: ${endText(group)}`;
}

function endText({ end, last }: SourceGroup): string {
  const place = last.ttl === 0 ? 'this machine' : `hop ${last.ttl} (${last.ip})`;
  switch (end) {
    case 'reached':
      return 'reached the target';
    case 'rejected':
      return `rejected after ${place}`;
    case 'silent':
      return `lost after ${place}`;
    case 'unknown':
      return `not heard after ${place}, which may be for want of ICMP errors alone`;
  }
}
