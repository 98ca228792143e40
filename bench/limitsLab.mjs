// A network for one run of limits.mjs: a scanner and a target of its own, so that every limiter is full when the run begins.
// All names hold our process id, and all namespaces are removed also after a failure or Ctrl-C.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The target by family; own addresses of the scanner are .1, .11 to .17 and ::1, ::11 to ::17. */
export const TARGET = { 4: '10.0.0.2', 6: 'fd00::2' };
/** A host that lies behind a route which the target refuses. */
export const REFUSED = '10.9.9.9';
/** Eight addresses of the scanner, the first of which is the one that the kernel chooses. */
export const SOURCES = [1, 11, 12, 13, 14, 15, 16, 17].map((host) => `10.0.0.${host}`);

/** Of a responder, on a machine that is busy with other runs. */
const READY_MS = 60_000;
const labs = new Set();
let serial = 0;

/** Ends what is left, when the process ends in whatever way. */
export function watchLabs() {
  process.on('exit', () => {
    for (const lab of labs) lab.close();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => process.exit(130));
  }
}

/** Why the benchmark cannot run here, or null. */
export function whyNot() {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only';
  if (process.getuid() !== 0) return 'making network namespaces needs root';
  for (const tool of ['ip', 'nft', 'sysctl', 'nmap']) {
    if (spawnSync(tool, ['--version']).error !== undefined) return `${tool} is not installed`;
  }
  return null;
}

/**
 * Builds the network of a row. `sysctls` and `output` (rules of nftables for what leaves) are the target's; `lossPermille` is
 * lost each way on the link; `dropped` are ports that the target's firewall drops; `route` is the kind of its route to REFUSED.
 */
export async function createLab({ sysctls = {}, output = [], lossPermille = 0, route, scene }) {
  const [scanner, target, middle] = ['scan', 'tgt', 'mid'].map(
    (part) => `pp-${process.pid}-limits-${serial}-${part}`,
  );
  serial += 1;
  const names = lossPermille > 0 ? [scanner, target, middle] : [scanner, target];
  let responder;
  const lab = {
    /** The command line that runs `argv` in the scanner's namespace. */
    command: (argv) => ['ip', 'netns', 'exec', scanner, ...argv],
    close() {
      responder?.kill('SIGKILL');
      for (const name of names) {
        if (existsSync(`/run/netns/${name}`)) spawnSync('ip', ['netns', 'delete', name]);
      }
      labs.delete(lab);
    },
  };
  labs.add(lab);
  for (const name of names) addNamespace(name);
  if (lossPermille > 0) linkWithLoss(scanner, middle, target, lossPermille);
  else call(`link add veth0 netns ${scanner} type veth peer veth0 netns ${target}`);
  addAddresses(scanner, SOURCES, ['1', ...[1, 2, 3, 4, 5, 6, 7].map((n) => `1${n}`)]);
  addAddresses(target, [TARGET[4]], ['2']);
  if (route !== undefined) {
    call(`-n ${scanner} route add 10.9.9.0/24 via ${TARGET[4]}`);
    call(`-n ${target} route add ${route} 10.9.9.0/24`);
    setSysctls(target, { 'net.ipv4.ip_forward': 1 });
  }
  setSysctls(target, sysctls);
  nft(target, firewall(scene, output));
  responder = spawn(
    'ip',
    [
      ...`netns exec ${target} ${process.execPath}`.split(' '),
      fileURLToPath(new URL('responder.mjs', import.meta.url)),
      JSON.stringify({
        tcpOpen: scene.tcpOpen ?? [],
        udpSilent: scene.udpSilent ?? [],
        udpAnswering: scene.udpOpen ?? [],
      }),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(responder.stdout, 'data', { signal: AbortSignal.timeout(READY_MS) });
  return lab;
}

function addNamespace(name) {
  call(`netns add ${name}`);
  // An address that is looked for twice cannot be used for a second.
  setSysctls(name, {
    'net.ipv6.conf.all.accept_dad': 0,
    'net.ipv6.conf.default.accept_dad': 0,
  });
  call(`-n ${name} link set lo up`);
}

/** A bridge between the two: it changes no packet, and loses some by chance. Neighbours are looked for without loss. */
function linkWithLoss(scanner, middle, target, lossPermille) {
  call(`-n ${middle} link add name bridge0 type bridge mcast_snooping 0`);
  for (const [name, port] of [
    [scanner, 'near'],
    [target, 'far'],
  ]) {
    call(`link add veth0 netns ${name} type veth peer ${port} netns ${middle}`);
    call(`-n ${middle} link set ${port} master bridge0`);
    call(`-n ${middle} link set ${port} up`);
  }
  call(`-n ${middle} link set bridge0 up`);
  const lose = (port) => [
    `chain ${port} {`,
    `type filter hook ingress device ${port} priority 0`,
    `meta protocol ip numgen random mod 1000 < ${lossPermille} drop`,
    '}',
  ];
  nft(middle, ['table netdev limits {', ...lose('near'), ...lose('far'), '}']);
}

function addAddresses(name, ips, hosts6) {
  call(`-n ${name} link set veth0 up`);
  for (const ip of ips) call(`-n ${name} address add ${ip}/24 dev veth0`);
  for (const host of hosts6) call(`-n ${name} address add fd00::${host}/64 dev veth0 nodad`);
}

function firewall({ tcpDropped = [], udpDropped = [] }, output) {
  const drop = (protocol, ports) =>
    ports.length === 0 ? [] : [`${protocol} dport { ${ports.join(', ')} } drop`];
  return [
    'table inet limits {',
    'chain input {',
    'type filter hook input priority 0',
    ...drop('tcp', tcpDropped),
    ...drop('udp', udpDropped),
    '}',
    'chain output {',
    'type filter hook output priority 0',
    ...output,
    '}',
    '}',
  ];
}

function setSysctls(name, values) {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  if (pairs.length > 0) must('sysctl', ['ip', 'netns', 'exec', name, 'sysctl', '-qw', ...pairs]);
}

function nft(name, lines) {
  must('nft', ['ip', 'netns', 'exec', name, 'nft', '-f', '-'], `${lines.join('\n')}\n`);
}

const call = (text) => must(`ip ${text}`, ['ip', ...text.split(' ')]);

function must(what, [file, ...args], input) {
  const { status, stderr } = spawnSync(file, args, { encoding: 'utf8', input });
  if (status !== 0) throw new Error(`${what}: ${stderr.trim()}`);
}
