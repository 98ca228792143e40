// Times how long it takes to learn where a port is dropped: a line of routers, one of which drops TCP 443 and UDP 53 in
// FORWARD, walked by us and by the tracers that people use.
//   node bench/trace.mjs [--rounds N] [--only NAME,NAME] [--family 4|6] [--command FILE] [--json]
// Needs Linux, root, iproute2, setpriv, nftables and the built command; tracers that are not installed are left out.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isInstalled, pause } from './measures.mjs';
import { machine, middle } from './table.mjs';

/** A tracer that waits for every hop is stopped here: what it would say is known by then. */
const LONGEST_S = 100;
/** Routers send six ICMP errors at once, then one a second; nobody may find them spent by the one before. */
const REST_MS = 6500;
/** Rounds of a tracer that takes longer than this: one. */
const SLOW_S = 5;
const MUST_S = 0.5;
const AIM_S = 0.1;
/** Twelve routers to four. */
const MUST_RATIO = 1.5;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string' },
    family: { type: 'string', default: '4' },
    command: {
      type: 'string',
      default: fileURLToPath(new URL('../bin/pu-probe.cjs', import.meta.url)),
    },
    json: { type: 'boolean', default: false },
  },
});
const family = Number(options.family);

const NOBODY =
  'setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all --bounding-set=-all';
const ROOT = 'setpriv --reuid root --regid root --clear-groups';
const v6 = family === 6 ? ' -6' : '';
const ours = (ask, who) => ({
  argv: (to) => `${who} ${process.execPath} ${options.command} trace ${to} ${ask} -n --json`,
  check: (text, { dropAt }) => {
    const { finding } = JSON.parse(text).paths[0];
    const said = `${finding?.kind} ${finding?.after?.ttl}-${finding?.before?.ttl}`;
    return said === `drop ${dropAt}-${dropAt + 1}` ? null : said;
  },
});
const peer = (tool, args) => ({ tool, argv: (to) => `${ROOT} ${tool}${v6} ${args} ${to}` });

/** Routers, the one that drops, who walks there. */
const ROWS = [
  { name: 'tcp', routers: 6, dropAt: 3, ...ours('-p 443', ROOT) },
  { name: 'tcp-nobody', routers: 6, dropAt: 3, ...ours('-p 443', NOBODY) },
  { name: 'udp', routers: 6, dropAt: 3, ...ours('-sU -p 53', ROOT) },
  { name: 'udp-nobody', routers: 6, dropAt: 3, ...ours('-sU -p 53', NOBODY) },
  { name: 'nmap', routers: 6, dropAt: 3, ...peer('nmap', '-n -Pn -p 443 --traceroute') },
  { name: 'mtr', routers: 6, dropAt: 3, ...peer('mtr', '-n -r -c 5 -T -P 443') },
  { name: 'traceroute-T', routers: 6, dropAt: 3, ...peer('traceroute', '-n -T -p 443') },
  { name: 'traceroute-U', routers: 6, dropAt: 3, ...peer('traceroute', '-n -U -p 53') },
  { name: 'tcptraceroute', routers: 6, dropAt: 3, ...peer('tcptraceroute', '-n'), after: ' 443' },
  { name: 'routers4', routers: 4, dropAt: 2, ...ours('-p 443', ROOT) },
  { name: 'routers12', routers: 12, dropAt: 2, ...ours('-p 443', ROOT) },
];

const wanted = options.only?.split(',') ?? ROWS.map(({ name }) => name);
const rows = ROWS.filter(({ name }) => wanted.includes(name));
if (rows.length === 0) fail(`--only takes ${ROWS.map(({ name }) => name).join(', ')}`);
if (process.getuid() !== 0) fail('making network namespaces needs root');
if (!existsSync(options.command)) fail(`${options.command} is missing: npm run build`);

const made = [];
process.on('exit', () => {
  for (const name of made) spawnSync('ip', ['netns', 'delete', name]);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));

const paths = new Map();
const results = [];
for (const row of rows) {
  if (row.tool !== undefined && !isInstalled(row.tool)) {
    console.error(`bench: ${row.name}: ${row.tool} is not installed, left out`);
    continue;
  }
  results.push(await measure(row));
  console.error(lineOf(results.at(-1)));
}
const ratio = ratioOf('routers12', 'routers4');
if (options.json)
  console.log(JSON.stringify({ machine: machine(options), results, ratio }, null, 2));
else {
  console.log('| who | n | seconds | what was said |\n| --- | --- | --- | --- |');
  for (const result of results) console.log(lineOf(result));
  if (ratio !== null)
    console.log(`\nTwelve routers to four: ${ratio.toFixed(2)}x (must <= ${MUST_RATIO}x).`);
  console.log(`\n${machine(options)}`);
}
const slow = results.some(({ tool, seconds }) => tool === undefined && middle(seconds) > MUST_S);
const wrong = results.some(({ errors }) => errors.length > 0);
process.exitCode = slow || wrong || (ratio !== null && ratio > MUST_RATIO) ? 1 : 0;

function fail(text) {
  console.error(`bench: ${text}`);
  process.exit(2);
}

async function measure(row) {
  const key = `${row.routers} ${row.dropAt}`;
  if (!paths.has(key)) paths.set(key, makePath(row.routers, row.dropAt));
  const { scanner, target } = paths.get(key);
  const words = `netns exec ${scanner} ${row.argv(target)}${row.after ?? ''}`.split(' ');
  const seconds = [];
  const errors = [];
  let text = '';
  let isStopped = false;
  // The first round is a warm-up, unless it alone takes long.
  for (let round = 0; round <= Number(options.rounds); round++) {
    await pause(REST_MS);
    const begunMs = performance.now();
    const done = spawnSync('ip', words, { encoding: 'utf8', timeout: LONGEST_S * 1000 });
    const took = (performance.now() - begunMs) / 1000;
    isStopped = done.error?.code === 'ETIMEDOUT';
    text = done.stdout;
    if (row.check !== undefined) {
      const error = done.status === 0 ? row.check(text, row) : done.stderr.trim();
      if (error !== null) errors.push(error);
    }
    if (round > 0 || took > SLOW_S) seconds.push(took);
    if (took > SLOW_S) break;
  }
  return {
    ...row,
    seconds,
    errors,
    isStopped,
    said: row.check === undefined ? lastHeard(text) : '',
  };
}

/** Of a peer's text: the last line that names a hop with an address. */
function lastHeard(text) {
  const lines = text.split('\n').filter((line) => /^\s*\d+[.|\s].*(10\.\d|fd9\d)/.test(line));
  return lines.at(-1)?.trim().replaceAll('|', '') ?? 'no hop';
}

function lineOf({ name, tool, seconds, errors, isStopped, said, dropAt }) {
  const show = (value) => value.toFixed(3);
  const range =
    seconds.length > 1 ? ` [${show(Math.min(...seconds))}-${show(Math.max(...seconds))}]` : '';
  const time = isStopped ? `> ${LONGEST_S}, stopped` : `${show(middle(seconds))}${range}`;
  const held =
    middle(seconds) <= MUST_S ? (middle(seconds) <= AIM_S ? ', aim held' : '') : ', **too slow**';
  const ours =
    errors.length > 0 ? `**wrong**: ${errors[0]}` : `dropped between ${dropAt} and ${dropAt + 1}`;
  return `| ${name} | ${seconds.length} | ${time} | ${tool === undefined ? ours + held : `last hop heard: ${said}`} |`;
}

function ratioOf(one, other) {
  const [a, b] = [one, other].map((name) => results.find((result) => result.name === name));
  return a === undefined || b === undefined ? null : middle(a.seconds) / middle(b.seconds);
}

/** A line of namespaces: scanner, routers, target; router `dropAt` drops the port in FORWARD. */
function makePath(routers, dropAt) {
  const prefix = `pp-${process.pid}-bench-t${routers}`;
  const names = Array.from({ length: routers + 2 }, (_, index) => `${prefix}-${index}`);
  const last = routers + 1;
  for (const name of names) {
    call(`netns add ${name}`);
    made.push(name);
    for (const key of [
      'ipv4.ip_forward=1',
      'ipv6.conf.all.forwarding=1',
      'ipv6.conf.default.accept_dad=0',
    ]) {
      call(`netns exec ${name} sysctl -qw net.${key}`);
    }
    call(`-n ${name} link set lo up`);
  }
  for (let index = 0; index < last; index++) {
    const [near, far] = [names[index], names[index + 1]];
    call(`link add out netns ${near} type veth peer in netns ${far}`);
    for (const [name, device, host] of [
      [near, 'out', 1],
      [far, 'in', 2],
    ]) {
      call(`-n ${name} link set ${device} up`);
      call(`-n ${name} address add 10.91.${index}.${host}/24 dev ${device}`);
      call(`-n ${name} address add fd91:0:0:${index}::${host}/64 dev ${device} nodad`);
    }
  }
  names.forEach((name, index) => {
    for (let net = 0; net < last; net++) {
      if (net === index || net === index - 1) continue;
      const isBack = net < index;
      call(
        `-n ${name} route add 10.91.${net}.0/24 via 10.91.${isBack ? index - 1 : index}.${isBack ? 1 : 2}`,
      );
      const gateway = `fd91:0:0:${isBack ? index - 1 : index}::${isBack ? 1 : 2}`;
      call(`-n ${name} -6 route add fd91:0:0:${net}::/64 via ${gateway}`);
    }
  });
  const rules = `table inet bench {
  chain forward {
    type filter hook forward priority 0; policy accept;
    tcp dport 443 drop
    udp dport 53 drop
  }
}
`;
  const nft = ['netns', 'exec', names[dropAt], 'nft', '-f', '-'];
  const { status, stderr } = spawnSync('ip', nft, { input: rules, encoding: 'utf8' });
  if (status !== 0) fail(`nft: ${stderr.trim()}`);
  const target = family === 4 ? `10.91.${routers}.2` : `fd91:0:0:${routers}::2`;
  return { scanner: names[0], target };
}

function call(text) {
  const { status, stderr } = spawnSync('ip', text.split(' '), { encoding: 'utf8' });
  if (status !== 0) fail(`ip ${text}: ${stderr.trim()}`);
}
