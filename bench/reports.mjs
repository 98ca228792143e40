// What the programs printed, read back: which port of which address is in which state.

/**
 * A report: `ports` holds what is listed, by `53/udp` or, where several addresses were asked, `10.80.0.1 8888/tcp`;
 * `hidden` counts by state what is only counted; `faults` are losses that the program itself tells of.
 */
const report = (ports, hidden = new Map(), faults = []) => ({ ports, hidden, faults });

const numberOf = (text) => Number(text.replaceAll(',', ''));

/** The text of pu-probe or of nmap about one address. */
export function readText(text) {
  const ports = new Map();
  for (const [, port, state] of text.matchAll(/^(\d+\/(?:tcp|udp))\s+(\S+)/gm)) {
    ports.set(port, state);
  }
  const hidden = new Map();
  // nmap names several states in one line.
  for (const [line] of text.matchAll(/^Not shown: .*/gm)) {
    for (const [, count, state] of line.matchAll(/([\d,]+) (\S+) (?:tcp|udp) ports/g)) {
      // Those of one state stand in several lines where they are unlike sure.
      hidden.set(state, (hidden.get(state) ?? 0) + numberOf(count));
    }
  }
  return report(ports, hidden);
}

/**
 * pu-probe's text about many addresses: those that are named, and the counts of its last sentence. Of many that say the
 * same it names the first ones; that it counts no more of them than its sentence does is checked here.
 */
export function readNetText(text) {
  const ports = new Map();
  const more = new Map();
  let heading = { named: [], further: 0 };
  for (const line of text.split('\n')) {
    if (ADDRESSES.test(line)) heading = readHeading(line);
    const [, port, state] = /^(\d+\/tcp)\s+(\S+)/.exec(line) ?? [];
    if (port === undefined) continue;
    for (const ip of heading.named) ports.set(`${ip} ${port}`, state);
    more.set(state, (more.get(state) ?? 0) + heading.further);
  }
  const summary = text.trimEnd().split('\n\n').at(-1).replaceAll('\n', ' ');
  const [, counts = ''] = / targets in [^:]+: (.*)\.$/.exec(summary) ?? [];
  const hidden = new Map();
  for (const [, count, state] of counts.matchAll(/([\d,]+) ([a-z|]+)/g)) {
    hidden.set(state, numberOf(count));
  }
  // The sentence counts what is listed too.
  for (const state of ports.values()) hidden.set(state, (hidden.get(state) ?? 0) - 1);
  const faults = [...more]
    .filter(([state, count]) => count > (hidden.get(state) ?? 0))
    .map(([state, count]) => `${count} more hosts are told ${state} than are counted`);
  return report(ports, hidden, faults);
}

const ADDRESSES = /^\d+\.\d+\.\d+\.\d+(?:,? |$)/;

/** `10.80.0.1`, or `10.80.0.1, 10.80.0.3 and 32,638 more hosts`. */
function readHeading(line) {
  const [names, further = '0'] = line.split(' and ');
  return { named: names.split(', '), further: numberOf(further.replace(' more hosts', '')) };
}

/** pu-probe's `--jsonl`. `isNet` says whether the address is part of the key. */
export function readJsonl(text, isNet) {
  const ports = new Map();
  let end = {};
  let from = 0;
  while (from < text.length) {
    const newline = text.indexOf('\n', from);
    const record = JSON.parse(text.slice(from, newline));
    from = newline + 1;
    if (record.type === 'end') end = record;
    if (record.type !== 'verdict') continue;
    const { target, port, protocol, state } = record;
    ports.set(isNet ? `${target} ${port}/${protocol}` : `${port}/${protocol}`, state);
  }
  const faults = [];
  if (end.complete !== true) faults.push('complete is not true');
  const ringDrops = end.counters?.ringDrops ?? 0;
  if (ringDrops > 0) faults.push(`${ringDrops} packets lost in our ring`);
  return report(ports, new Map(), faults);
}

/** nmap's `-oG -` about many addresses. */
export function readGrepable(text) {
  const ports = new Map();
  for (const [, ip, port, state, protocol] of text.matchAll(
    /^Host: (\S+) .*Ports: (\d+)\/([^/]+)\/(tcp|udp)/gm,
  )) {
    ports.set(`${ip} ${port}/${protocol}`, state);
  }
  return report(ports);
}

/** masscan's lines; it names open ports only. */
export function readMasscan(text) {
  const found = text.matchAll(/^Discovered open port (\d+\/tcp) on (\S+)/gm);
  return report(new Map([...found].map(([, port, ip]) => [`${ip} ${port}`, 'open'])));
}

/** zmap's lines, an address each, of what is open at `port`. */
export function readZmap(text, port) {
  const found = text.matchAll(/^(\d+\.\d+\.\d+\.\d+)$/gm);
  return report(new Map([...found].map(([, ip]) => [`${ip} ${port}/tcp`, 'open'])));
}

/**
 * What differs from the truth, in words; an empty list is a right answer. `truth.ports` must be as they are there;
 * all others must be of the states that `truth.others` counts, listed or only counted. `truth.stateOf`, where there is
 * one, knows every single port.
 */
export function findErrors(truth, { ports, hidden, faults }) {
  const errors = [...faults];
  for (const [port, state] of truth.ports) {
    const said = ports.get(port) ?? 'not listed';
    if (said !== state) errors.push(`${port} is ${state}, not ${said}`);
  }
  const counted = new Map(hidden);
  for (const [port, state] of ports) {
    if (truth.ports.has(port)) {
      continue;
    }
    const right = truth.stateOf?.(port) ?? state;
    if (state !== right) errors.push(`${port} is ${right}, not ${state}`);
    counted.set(state, (counted.get(state) ?? 0) + 1);
  }
  for (const state of new Set([...counted.keys(), ...Object.keys(truth.others)])) {
    const [said, right] = [counted.get(state) ?? 0, truth.others[state] ?? 0];
    if (said !== right) errors.push(`${said} ${state} besides, not ${right}`);
  }
  return errors;
}

/** How many of the open ports a report names that only names those; another one is an error. */
export function countOpen(truth, { ports }) {
  const right = [...truth.ports].filter(([, state]) => state === 'open').map(([port]) => port);
  const found = right.filter((port) => ports.get(port) === 'open').length;
  return { found, of: right.length, false: ports.size - found };
}
