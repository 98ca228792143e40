/**
 * Network namespaces for tests: made with unique names, joined by veth links, removed whatever happens.
 *
 * Everything is synchronous but the spawned processes, so a test reads like the network that it builds. A namespace
 * starts with loopback up and without IPv6 duplicate address detection (an address would be unusable for a second);
 * all else, ICMP limits included, is as the kernel ships it. Nothing here touches the namespace that the test runs in.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A namespace that {@link createNamespace} made. */
export interface Namespace {
  readonly label: string;
  /** Name for `ip netns exec`, unique on this machine. */
  readonly name: string;
}

/** One end of a link: `device` is made in `ns` and gets `addresses` (`10.0.0.1/24`, `fd00::1/64`). */
export interface LinkEnd {
  readonly ns: Namespace;
  readonly device: string;
  readonly addresses: readonly string[];
}

export interface RunOptions {
  /** Run without any privilege, as `nobody`. */
  readonly asNobody?: boolean;
  /** Text for the standard input, e.g. an nft ruleset for `nft -f -`. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that hangs would hang the whole suite. */
const RUN_TIMEOUT_MS = 30_000;
/** `ps`-readable and far from the kernel's limits of names. */
const MAX_LABEL = 24;
const nobody = [
  'setpriv',
  '--reuid=nobody',
  '--regid=nogroup',
  '--clear-groups',
  '--inh-caps=-all',
];

const made: Namespace[] = [];
const children = new Set<ChildProcess>();
let serial = 0;
let watching = false;

/** Tells why namespaces cannot be made here (for the reason of a skipped test), or null when they can. */
export function whyNoNamespaces(): string | null {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only';
  if (process.getuid?.() !== 0) return 'making network namespaces needs root';
  const { status } = spawnSync('ip', ['netns', 'list']);
  return status === 0 ? null : 'the ip command (iproute2) is missing';
}

/** Makes a namespace named `pp-<pid>-<n>-<label>`. */
export function createNamespace(label: string): Namespace {
  if (!/^[a-z0-9-]+$/.test(label) || label.length > MAX_LABEL) {
    throw new Error(`not a label of a namespace: ${label}`);
  }
  watch();
  const ns = { label, name: `pp-${process.pid}-${serial++}-${label}` };
  call(['ip', 'netns', 'add', ns.name]);
  made.push(ns);
  setSysctl(ns, 'net.ipv6.conf.all.accept_dad', 0);
  setSysctl(ns, 'net.ipv6.conf.default.accept_dad', 0);
  call(['ip', '-n', ns.name, 'link', 'set', 'lo', 'up']);
  return ns;
}

/** Joins two namespaces by a veth pair and brings both ends up with their addresses. */
export function link(a: LinkEnd, b: LinkEnd): void {
  const end = ({ ns, device }: LinkEnd) => ['name', device, 'netns', ns.name];
  call(['ip', 'link', 'add', ...end(a), 'type', 'veth', 'peer', ...end(b)]);
  // Both ends up before any address: an IPv6 address that comes before the carrier answers no neighbour for a while.
  for (const { ns, device } of [a, b])
    call(['ip', '-n', ns.name, 'link', 'set', 'dev', device, 'up']);
  for (const end of [a, b]) addAddresses(end);
}

/** Brings a device up and gives it its addresses. */
export function addAddresses({ ns, device, addresses }: LinkEnd): void {
  const lines = addresses.map((address) => {
    return `address add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}\n`;
  });
  call(['ip', '-n', ns.name, '-batch', '-'], {
    input: `link set dev ${device} up\n${lines.join('')}`,
  });
}

/** Sets a sysctl of the namespace, e.g. `net.ipv4.ip_forward`. */
export function setSysctl(ns: Namespace, key: string, value: string | number): void {
  run(ns, ['sysctl', '-qw', `${key}=${value}`]);
}

/** Runs a command in the namespace and returns its standard output; throws with its standard error when it fails. */
export function run(ns: Namespace, argv: readonly string[], options: RunOptions = {}): string {
  return call([...inside(ns, options), ...argv], options);
}

/** Starts a command in the namespace; {@link removeAll} ends it. `pid` is that of the command itself. */
export function spawnIn(
  ns: Namespace,
  argv: readonly string[],
  options: RunOptions & { readonly stdio?: SpawnOptions['stdio'] } = {},
): ChildProcess {
  watch();
  const [command, ...rest] = [...inside(ns, options), ...argv];
  const child = spawn(command!, rest, {
    stdio: options.stdio ?? ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...options.env },
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  if (options.input !== undefined) child.stdin?.end(options.input);
  return child;
}

/** Ends what {@link spawnIn} started and removes all namespaces of this process; safe to call again. */
export function removeAll(): void {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  while (made.length > 0) {
    const { name } = made.at(-1)!;
    if (existsSync(`/run/netns/${name}`)) call(['ip', 'netns', 'delete', name]);
    made.pop();
  }
}

function inside(ns: Namespace, options: RunOptions): string[] {
  return ['ip', 'netns', 'exec', ns.name, ...(options.asNobody ? nobody : [])];
}

function call(argv: readonly string[], options: RunOptions = {}): string {
  const [command, ...rest] = argv;
  const done = spawnSync(command!, rest, {
    encoding: 'utf8',
    input: options.input ?? '',
    timeout: RUN_TIMEOUT_MS,
    env: { ...process.env, ...options.env },
  });
  if (done.error !== undefined) throw new Error(`${argv.join(' ')}: ${done.error.message}`);
  if (done.status === 0) return done.stdout;
  throw new Error(`${argv.join(' ')}: exit ${done.status ?? done.signal}: ${done.stderr.trim()}`);
}

/** Cleans up when the process ends early: `exit` covers failures, the signals cover Ctrl-C and a stopped runner. */
function watch(): void {
  if (watching) return;
  watching = true;
  process.on('exit', removeAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      removeAll();
      process.kill(process.pid, signal);
    });
  }
}
