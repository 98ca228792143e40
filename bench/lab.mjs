// The network of the benchmark: a scanner and a target, each a namespace of its own, joined by one veth. Everything has a
// name with our process id, and is removed again also after a failure or Ctrl-C.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Target addresses by family; the scanner has .1 and ::1. */
export const TARGET = { 4: '10.0.0.2', 6: 'fd00::2' };

/** What the target answers, by protocol; all other ports are closed. */
export const SCENE = {
  udpOpen: [53, 123],
  udpSilent: [514],
  /** 100 listeners, spread over the whole range; 53 is dnsmasq's. */
  tcpOpen: [53, 80, 443, ...Array.from({ length: 97 }, (_, i) => 1009 + 661 * i)],
};

/** As an ordinary user: no capability, no supplementary group. */
const NOBODY =
  'setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all --bounding-set=-all';
/** The same program in front, so that both sides pay for it. */
const ROOT = 'setpriv --reuid root --regid root --clear-groups';

/** Longest time that a responder may take to say that it is ready. */
const READY_MS = 5000;

/** Why the benchmark cannot run here, or null. */
export function whyNot() {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only';
  if (process.getuid() !== 0) return 'making network namespaces needs root';
  for (const tool of ['ip', 'setpriv', 'nmap', 'dnsmasq']) {
    if (spawnSync(tool, ['--version']).error !== undefined) return `${tool} is not installed`;
  }
  return null;
}

/** Builds the network, starts the responders, and removes both when the process ends in whatever way. */
export async function createLab() {
  const scanner = `pp-${process.pid}-bench-scan`;
  const target = `pp-${process.pid}-bench-tgt`;
  const children = [];

  const close = () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const name of [scanner, target]) {
      if (existsSync(`/run/netns/${name}`)) spawnSync('ip', ['netns', 'delete', name]);
    }
  };
  process.on('exit', close);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => process.exit(130));
  }

  connect(scanner, target);
  const inTarget = (argv, stdio) => {
    const child = spawn('ip', ['netns', 'exec', target, ...argv], { stdio });
    children.push(child);
    return child;
  };
  inTarget(dnsmasq(), 'ignore');
  const responder = inTarget(
    [
      process.execPath,
      fileURLToPath(new URL('responder.mjs', import.meta.url)),
      JSON.stringify(SCENE),
    ],
    ['ignore', 'pipe', 'inherit'],
  );
  await once(responder.stdout, 'data', { signal: AbortSignal.timeout(READY_MS) });
  return {
    close,
    /** The command line that runs `argv` in the scanner's namespace. */
    command: (argv, user) => [
      ...`ip netns exec ${scanner} ${user === 'nobody' ? NOBODY : ROOT}`.split(' '),
      ...argv,
    ],
  };
}

function connect(scanner, target) {
  const ends = [
    { name: scanner, device: 'veth0', host: 1 },
    { name: target, device: 'veth0', host: 2 },
  ];
  for (const { name } of ends) call(`netns add ${name}`);
  call(`link add veth0 netns ${scanner} type veth peer veth0 netns ${target}`);
  for (const { name, device, host } of ends) {
    call(`-n ${name} address add 10.0.0.${host}/24 dev ${device}`);
    call(`-n ${name} address add fd00::${host}/64 dev ${device} nodad`);
    call(`-n ${name} link set lo up`);
    call(`-n ${name} link set ${device} up`);
  }
}

function dnsmasq() {
  const files = '--conf-file=/dev/null --pid-file= --no-resolv --no-hosts --keep-in-foreground';
  const what = '--user=root --address=/#/10.0.0.9 --log-facility=/dev/null';
  const where = Object.values(TARGET).map((ip) => `--listen-address=${ip}`);
  return ['dnsmasq', ...files.split(' '), ...what.split(' '), '--bind-interfaces', ...where];
}

function call(text) {
  const { status, stderr } = spawnSync('ip', text.split(' '), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${text}: ${stderr.trim()}`);
}
