// The network of the benchmark: a scanner and a target, each a namespace of its own, joined by one veth and by a second one
// with a delay line in a namespace between its halves. Everything has a name with our process id, and is removed again also
// after a failure or Ctrl-C.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileTools } from './compile.mjs';
import { startDelayLine } from './delayLine.mjs';

/** Target addresses by family; the scanner has .1 and ::1. */
export const TARGET = { 4: '10.0.0.2', 6: 'fd00::2' };
/** The scanner on the direct link. */
export const SCANNER = '10.0.0.1';
/** More of the same target: behind its firewall, behind the delay line, and prefixes that it owns as a whole (AnyIP). */
export const FIREWALLED = '10.0.0.3';
export const DELAYED = '10.0.1.2';
/** One port of a /16: 256 open, 32,640 refused, 32,640 dropped by the target's firewall. */
export const MIXED_NET = '10.80.0.0/16';
export const MIXED_PORT = 8888;
/** All ports closed; 262,144 addresses. */
export const CLOSED_NET = '10.96.0.0/14';
/** Devices of the scanner. */
export const DEVICE = 'veth0';
const DELAYED_DEVICE = 'veth1';

/** What the target answers, by protocol; all other ports are closed. */
export const SCENE = {
  udpOpen: [53, 123],
  udpSilent: [514],
  /** 100 listeners, spread over the whole range; 53 is dnsmasq's. */
  tcpOpen: [53, 80, 443, ...Array.from({ length: 97 }, (_, i) => 1009 + 661 * i)],
};

/** What an address of the /16 answers: the diagonal is open, odd ones are dropped. */
export function mixedStateOf(third, last) {
  if (third === last) return 'open';
  return last % 2 === 1 ? 'filtered' : 'closed';
}

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
  for (const tool of ['ip', 'setpriv', 'nmap', 'dnsmasq', 'nft', 'cc']) {
    if (spawnSync(tool, ['--version']).error !== undefined) return `${tool} is not installed`;
  }
  return null;
}

/**
 * Builds the network, starts the responders, and removes both when the process ends in whatever way. `delayMs` is that of the
 * delay line, one way.
 */
export async function createLab(delayMs) {
  const [scanner, target, middle] = ['scan', 'tgt', 'mid'].map(
    (part) => `pp-${process.pid}-bench-${part}`,
  );
  const children = [];
  const tools = compileTools();

  const close = () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const name of [scanner, target, middle]) {
      if (existsSync(`/run/netns/${name}`)) spawnSync('ip', ['netns', 'delete', name]);
    }
    tools.remove();
  };
  process.on('exit', close);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => process.exit(130));
  }

  connect(scanner, target);
  connectDelayed(scanner, middle, target);
  addNets(scanner, target);
  const inside = (name, argv, stdio) => {
    const child = spawn('ip', ['netns', 'exec', name, ...argv], { stdio });
    children.push(child);
    return child;
  };
  inside(target, dnsmasq(), 'ignore');
  const responder = inside(
    target,
    [
      process.execPath,
      fileURLToPath(new URL('responder.mjs', import.meta.url)),
      JSON.stringify({ ...SCENE, tcpOpenAt: mixedOpen() }),
    ],
    ['ignore', 'pipe', 'inherit'],
  );
  await once(responder.stdout, 'data', { signal: AbortSignal.timeout(READY_MS) });
  // The firewall comes last: it must not refuse what is still being set up.
  addFirewall(target);
  const line = await startDelayLine({
    child: inside(
      middle,
      [tools.delayLine, 'carry', 'near', 'far', String(delayMs * 1000)],
      ['pipe', 'pipe', 'inherit'],
    ),
    flood: (ratePerS, seconds) => [
      ...`ip netns exec ${scanner} ${tools.delayLine} flood ${DELAYED_DEVICE}`.split(' '),
      macOf(target, DELAYED_DEVICE),
      String(ratePerS),
      String(seconds),
    ],
  });
  return {
    close,
    line,
    ceiling: tools.ceiling,
    meter: tools.meter,
    device: DEVICE,
    targetMac: macOf(target, DEVICE),
    /** The command line that runs `argv` in the scanner's namespace. */
    command: (argv, user) => [
      ...`ip netns exec ${scanner} ${user === 'nobody' ? NOBODY : ROOT}`.split(' '),
      ...argv,
    ],
    /** Twenty datagrams a second towards the scanner, until the returned function is called. */
    chatter: () => {
      const child = inside(target, [process.execPath, '-e', CHATTER], 'ignore');
      return () => child.kill('SIGKILL');
    },
  };
}

/** To a port of the scanner at which nothing listens. */
const CHATTER =
  "const s=require('dgram').createSocket('udp4').unref();setInterval(()=>s.send('',9,'10.0.0.1'),50)";

function connect(scanner, target) {
  const ends = [
    { name: scanner, device: DEVICE, host: 1 },
    { name: target, device: DEVICE, host: 2 },
  ];
  for (const { name } of ends) call(`netns add ${name}`);
  call(`link add ${DEVICE} netns ${scanner} type veth peer ${DEVICE} netns ${target}`);
  for (const { name, device, host } of ends) {
    call(`-n ${name} address add 10.0.0.${host}/24 dev ${device}`);
    call(`-n ${name} address add fd00::${host}/64 dev ${device} nodad`);
    call(`-n ${name} link set lo up`);
    call(`-n ${name} link set ${device} up`);
  }
}

function connectDelayed(scanner, middle, target) {
  call(`netns add ${middle}`);
  for (const [name, host, end] of [
    [scanner, 1, 'near'],
    [target, 2, 'far'],
  ]) {
    call(`link add ${DELAYED_DEVICE} netns ${name} type veth peer ${end} netns ${middle}`);
    call(`-n ${name} address add 10.0.1.${host}/24 dev ${DELAYED_DEVICE}`);
    // The line itself says nothing.
    call(`-n ${middle} link set ${end} addrgenmode none`);
    call(`-n ${middle} link set ${end} up`);
    call(`-n ${name} link set ${DELAYED_DEVICE} up`);
  }
}

function addNets(scanner, target) {
  call(`-n ${target} address add ${FIREWALLED}/24 dev ${DEVICE}`);
  for (const net of [MIXED_NET, CLOSED_NET]) {
    call(`-n ${target} route add local ${net} dev lo`);
    call(`-n ${scanner} route add ${net} via ${TARGET[4]}`);
  }
}

function mixedOpen() {
  const numbers = Array.from({ length: 256 }, (_, i) => i);
  return numbers.map((i) => ({ host: `10.80.${i}.${i}`, port: MIXED_PORT }));
}

function addFirewall(target) {
  const open = mixedOpen().map(({ host }) => host);
  const rules = `table inet bench {
  chain input {
    type filter hook input priority 0; policy accept;
    ip daddr ${FIREWALLED} tcp dport != { ${SCENE.tcpOpen.join(', ')} } drop
    ip daddr ${MIXED_NET} ip daddr { ${open.join(', ')} } accept
    ip daddr ${MIXED_NET} ip daddr & 0.0.0.1 == 0.0.0.1 drop
  }
}
`;
  const argv = ['netns', 'exec', target, 'nft', '-f', '-'];
  const { status, stderr } = spawnSync('ip', argv, { input: rules, encoding: 'utf8' });
  if (status !== 0) throw new Error(`nft: ${stderr.trim()}`);
}

function macOf(name, device) {
  const { stdout } = spawnSync('ip', ['-n', name, '-j', 'link', 'show', device]);
  return JSON.parse(stdout)[0].address;
}

function dnsmasq() {
  const files = '--conf-file=/dev/null --pid-file= --no-resolv --no-hosts --keep-in-foreground';
  const what = '--user=root --address=/#/10.0.0.9 --log-facility=/dev/null';
  const addresses = [...Object.values(TARGET), FIREWALLED, DELAYED];
  const where = addresses.map((ip) => `--listen-address=${ip}`);
  return ['dnsmasq', ...files.split(' '), ...what.split(' '), '--bind-interfaces', ...where];
}

function call(text) {
  const { status, stderr } = spawnSync('ip', text.split(' '), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${text}: ${stderr.trim()}`);
}
