// The numbers as a table, and whether the bounds hold.
import { cpus, loadavg, release } from 'node:os';
import { MEASURES } from './measures.mjs';

/** Errors that are printed in a cell; --json has all. */
const MAX_ERRORS = 4;
const loads = [loadavg()[0]];
setInterval(() => loads.push(loadavg()[0]), 5000).unref();

export function middle(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Ours to the peer's, round by round. */
export function ratiosTo(values, peer) {
  return values['pu-probe'].map((value, round) => value / values[peer][round]);
}

/** Whether all bounds hold; null when a peer of one was not there. */
export function holds(bounds, ours, ratios) {
  const held = bounds.map(({ of, atMost = Infinity, atLeast = -Infinity }) => {
    if (of !== undefined && ratios[of] === undefined) return null;
    const value = middle(of === undefined ? ours : ratios[of]);
    return value <= atMost && value >= atLeast;
  });
  if (held.includes(false)) return false;
  return held.includes(null) ? null : true;
}

/** `median [smallest-largest]`. */
function spread(values, show) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${show(middle(values))} [${show(low)}-${show(high)}]`;
}

function showBounds(bounds, unit) {
  const parts = bounds.map(({ of, atMost, atLeast }) => {
    const sign = atMost === undefined ? `>= ${atLeast}` : `<= ${atMost}`;
    return of === undefined ? `${sign} ${unit}` : `${sign}x ${of}`;
  });
  return parts.join(', ') || '-';
}

/** What programs found that name open ports only: `201 to 219 of 256`. */
function showFound(found) {
  return Object.entries(found)
    .filter(([, counts]) => counts[0].of > 0)
    .map(([who, counts]) => {
      const seen = counts.map((count) => count.found);
      const wrong = counts.reduce((sum, count) => sum + count.false, 0);
      const range = [...new Set([Math.min(...seen), Math.max(...seen)])].join(' to ');
      return `${who} found ${range} of ${counts[0].of}${wrong > 0 ? `, ${wrong} wrong` : ''}`;
    });
}

/** User time of a program that its probes are not charged with. */
function showStarts(starts) {
  return Object.entries(starts)
    .filter(([, seconds]) => seconds[0] !== undefined)
    .map(
      ([who, seconds]) => `${who} besides ${spread(seconds, (s) => s.toFixed(2))} s of user time`,
    );
}

/** What the delay line did: its ceiling, and, over all rounds, the most it had to carry. */
function showLine({ ceiling, carried }) {
  if (ceiling === undefined) return [];
  const ours = carried.filter(({ who }) => who === 'pu-probe');
  const lost = carried.reduce((sum, counts) => sum + counts.lost, 0);
  const p99 = middle(ours.map(({ lateUs }) => lateUs.p99)) / 1000;
  const busiest = Math.max(...ours.map(({ busiestPerS }) => busiestPerS));
  const k = (perS) => `${(perS / 1000).toFixed(0)}k`;
  return [
    `line: up to ${k(ceiling.perS)} frames/s one way, p99 ${ceiling.p99Us} us late; ` +
      `ours asked ${k(busiest)}/s of it in its busiest 10 ms, p99 ${p99.toFixed(1)} ms late; ${lost} lost`,
  ];
}

export function table(results) {
  const rows = results.map((result) => {
    const { name, what, values, ratios, must, aim, held, errors } = result;
    const { show, unit } = MEASURES[result.measure];
    const others = Object.keys(ratios).filter((peer) => peer !== 'node -e 0');
    const shown = errors.slice(0, MAX_ERRORS);
    if (errors.length > MAX_ERRORS) shown.push(`and ${errors.length - MAX_ERRORS} more errors`);
    const verdicts = errors.length === 0 ? ['all right'] : shown;
    return [
      `${what} (\`${name}\`)`,
      unit,
      values['pu-probe'].length,
      spread(values['pu-probe'], show),
      others.map((peer) => `${peer} ${spread(values[peer], show)}`).join('; '),
      others.map((peer) => `${peer} ${spread(ratios[peer], (x) => x.toFixed(2))}`).join('; '),
      showBounds(must, unit),
      showBounds(aim, unit),
      held === null ? 'peer missing' : must.length === 0 ? '-' : held ? 'yes' : '**no**',
      values['node -e 0'] === undefined ? '-' : spread(values['node -e 0'], show),
      [
        ...verdicts,
        ...showFound(result.found),
        ...showStarts(result.starts),
        ...showLine(result),
      ].join('; '),
    ];
  });
  const head = ['row', 'unit', 'n', 'pu-probe', 'peers', 'ratio by pair', 'must', 'aim', 'held'];
  const heads = [...head, '`node -e 0`', 'verdicts'];
  const lines = [heads, heads.map(() => '---'), ...rows];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

export function machine({ family, rounds }) {
  const { model } = cpus()[0];
  const host = `${cpus().length} x ${model.trim()}, Linux ${release()}, Node ${process.version}`;
  const load = [Math.min(...loads), Math.max(...loads)].map((value) => value.toFixed(1));
  return (
    `${host}; IPv${family}, median [min-max] of at most ${rounds} rounds (n). ` +
    `Load average ${load.join(' to ')}.`
  );
}
