// The programs that we are measured beside, and the rates that they are given.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEVICE, SCANNER } from './lab.mjs';
import { readMasscan, readText, readZmap } from './reports.mjs';

/** Where rows that record do so; run.mjs removes it. */
export const RECORDING = join(tmpdir(), `pp-bench-${process.pid}.pcapng`);

/** The same command with other words, as a peer of itself. */
export const itself = (name, args) => ({
  name,
  user: 'root',
  argv: ({ command, target }) => [process.execPath, command, 'scan', target, ...args.split(' ')],
  read: readText,
});

/** nmap as it is asked here: no names, no host discovery. `more` replaces fields, e.g. `read`. */
export const nmap = (user, args, more = {}) => ({
  name: 'nmap',
  tool: 'nmap',
  user,
  argv: ({ target }) => [
    ...(target.includes(':') ? ['nmap', '-6'] : ['nmap']),
    ...`-n -Pn ${args}`.split(' '),
    target,
  ],
  read: readText,
  ...more,
});

/**
 * masscan names open ports only. It sees the end of a run only when a packet arrives: on a quiet link it hangs for minutes,
 * so `chatter` has the target send twenty datagrams a second.
 */
export const masscan = (port, rate) => ({
  name: 'masscan',
  tool: 'masscan',
  user: 'root',
  chatter: true,
  sees: 'open',
  argv: ({ target, targetMac }) => [
    ...`masscan -p${port} --rate ${rate} --wait 2 --interface ${DEVICE}`.split(' '),
    ...`--source-ip ${SCANNER} --router-mac ${targetMac.replaceAll(':', '-')}`.split(' '),
    target,
  ],
  read: readMasscan,
});

/**
 * zmap without a limit of its rate, one sending thread; 2 s for late answers instead of its 8 s. It names open addresses
 * only, and the target is its white list.
 */
export const zmap = (port) => ({
  name: 'zmap',
  tool: 'zmap',
  user: 'root',
  sees: 'open',
  argv: ({ target, targetMac }) => [
    ...`zmap -p ${port} -r 0 -T 1 -c 2 -i ${DEVICE} -S ${SCANNER} -G ${targetMac}`.split(' '),
    ...`-b /dev/null -q -v 2 -o - ${target}`.split(' '),
  ],
  read: (text) => readZmap(text, port),
});

/**
 * The same SYNs by a bare loop in C (ceiling.c), to all ports of the `count` first addresses of the target: what the kernel
 * allows. A lost answer is an error.
 */
export const bareLoop = (count, more = {}) => ({
  name: 'bare loop',
  isV4Only: true,
  user: 'root',
  argv: ({ ceiling, target, targetMac }) => [
    ceiling,
    DEVICE,
    SCANNER,
    targetMac,
    target.replace(/-.*/, ''),
    String(count),
  ],
  ...more,
});
