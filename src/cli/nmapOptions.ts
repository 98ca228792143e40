/**
 * nmap's options that are no options here, each with what serves instead: who types one has nmap in the fingers, and a
 * near match of the spelling would lead astray (`-A` is no `-p`).
 */

interface Missing {
  /** Spellings; one that ends in `*` stands for all that begin so. */
  readonly spellings: string;
  readonly instead: string;
}

const NO_OS = 'there is no OS or version detection; a UDP service whose answer parses is named';
const NO_SCRIPTS = 'there are no scripts; --expect and exit codes serve tests';
const NO_DISCOVERY =
  'ports are asked at once, no host discovery stands before them; -sn finds hosts alone, by ways of its own';
const NO_EVASION = 'there are no spoofed sources, decoys or odd packets, on purpose';
const ONLY_CONNECTS = 'ports are asked as clients ask them: -sT, -sS, -sU';
const OWN_PACE = 'the pace is found while running; -T0 to -T5 and --rate N bound it';
const OWN_RESOLVER = 'names are looked up as this machine does it, addresses never';

/** In the order in which they are looked for. */
const MISSING: readonly Missing[] = [
  { spellings: '-A', instead: `${NO_OS}; -v shows the evidence` },
  { spellings: '-sV --version-* --allports', instead: NO_OS },
  { spellings: '-O --osscan-* --max-os-tries --fuzzy', instead: NO_OS },
  { spellings: '-sC --script*', instead: NO_SCRIPTS },
  {
    spellings: '--open',
    instead: `every state is reported; for open ports alone: --jsonl | grep '"state":"open"'`,
  },
  {
    spellings: '--top-ports --port-ratio',
    instead: '-F asks the short list, `pu-probe ports` prints both',
  },
  { spellings: '--exclude-ports', instead: 'leave them out of -p' },
  { spellings: '--excludefile', instead: '--exclude takes a list with commas' },
  {
    spellings: '-r',
    instead: 'up to 32 probes are asked in the order of -p; --seed repeats a larger order',
  },
  { spellings: '-oX --webxml --stylesheet --no-stylesheet', instead: '-oJ FILE writes JSON' },
  { spellings: '-oG -oM', instead: '--jsonl prints one record a line, good for grep and jq' },
  { spellings: '-oA* -oS', instead: '-oN FILE and -oJ FILE write text and JSON' },
  { spellings: '--append-output', instead: 'print to standard output and use >>' },
  {
    spellings: '--resume',
    instead: 'a run that was cut is started again; --jsonl keeps what it had',
  },
  { spellings: '--min-rate', instead: OWN_PACE },
  { spellings: '--scan-delay --max-scan-delay --*-parallelism --*-hostgroup', instead: OWN_PACE },
  { spellings: '--*-rtt-timeout --defeat-*-ratelimit', instead: OWN_PACE },
  { spellings: '-sP -PS* -PA* -PU* -PY* -PO* -PE -PP -PM -PR -P0 -PN', instead: NO_DISCOVERY },
  { spellings: '--disable-arp-ping --discovery-ignore-rst', instead: NO_DISCOVERY },
  { spellings: '-sL', instead: '--dry-run prints the targets and sends nothing' },
  {
    spellings: '-sA -sW -sM -sN -sF -sX -sY -sZ -sO -sI -sR -b --scanflags',
    instead: ONLY_CONNECTS,
  },
  {
    spellings: '-D* -f --mtu --spoof-mac --data* --ip-options --badsum',
    instead: NO_EVASION,
  },
  {
    spellings: '--proxies --proxy --randomize-hosts -iR*',
    instead: 'targets are named and asked directly',
  },
  { spellings: '--traceroute', instead: 'the hop of who rejects a port is shown without it' },
  { spellings: '--packet-trace', instead: '-v shows TTLs, attempts and evidence of each port' },
  { spellings: '-d*', instead: '-v tells more of a run, --debug of an error' },
  { spellings: '-R --system-dns --dns-servers', instead: OWN_RESOLVER },
  { spellings: '--resolve-all', instead: '--all-addresses asks every address of a name' },
  { spellings: '--iflist', instead: '`ip address; ip route` lists interfaces and routes' },
  {
    spellings: '--stats-every',
    instead: 'progress is shown on a terminal, under -v elsewhere too',
  },
  {
    spellings: '--privileged --unprivileged --send-eth --send-ip',
    instead: '--wire chooses how packets are sent',
  },
];

/** What serves instead of an option of nmap that is not one here, by any of its spellings; null for all others. */
export function insteadOf(words: readonly string[]): string | null {
  for (const name of words.flatMap((word) => [word, ...lettersOf(word)])) {
    const found = MISSING.find(({ spellings }) =>
      spellings.split(' ').some((spelling) => isSpelled(name, spelling)),
    );
    if (found !== undefined) return found.instead;
  }
  return null;
}

/** `-sCV` is `-sC -sV`. */
function lettersOf(word: string): string[] {
  const type = /^-s([A-Za-z]{2,})$/.exec(word);
  return type === null ? [] : [...type[1]!].map((letter) => `-s${letter}`);
}

function isSpelled(name: string, spelling: string): boolean {
  const [head, tail] = spelling.split('*');
  if (tail === undefined) return name === spelling;
  return name.length >= head!.length + tail.length && name.startsWith(head!) && name.endsWith(tail);
}
