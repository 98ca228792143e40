import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProbeError, UsageError } from '../../src/errors.ts';
import type { Plan } from '../../src/model.ts';
import { formatIp, parseIp } from '../../src/packet/address.ts';
import { unresolvedLine } from '../../src/plan/lookUp.ts';
import type { PlanRequest } from '../../src/plan/plan.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { describeNotDone } from '../../src/report/build.ts';

const NAMES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'dns1.example': ['10.0.0.53', '2001:db8::53', '10.0.1.53'],
    'also.example': ['10.0.0.53'],
    'six.example': ['2001:db8::6'],
    'any.example': ['0.0.0.0'],
    'zoned.example': ['fe80::9%eth0'],
    'bücher.example': ['10.0.0.77'],
  }),
);

const env = {
  resolve: async (name: string): Promise<readonly string[]> => {
    const found = NAMES.get(name);
    if (name === 'late.example') throw Object.assign(new Error('again'), { code: 'EAI_AGAIN' });
    if (found === undefined) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    return found;
  },
  interfaces: [
    { name: 'lo', cidr: '127.0.0.1/8', scopeId: 0 },
    { name: 'eth0', cidr: '10.9.0.2/24', scopeId: 0 },
    { name: 'eth0', cidr: 'fe80::2/64', scopeId: 2 },
    { name: 'eth1', cidr: 'fe80::3/64', scopeId: 3 },
  ],
  seed: [1, 2] as const,
};

const plan = (targets: readonly string[], more: Partial<PlanRequest> = {}): Promise<Plan> =>
  createPlan({ targets, ports: '53', ...more }, env);

const addresses = ({ targets }: Plan): string[] =>
  Array.from({ length: targets.count }, (_, target) => targets.ip(target));

describe('targets', () => {
  it.each([
    [['10.0.0.5'], ['10.0.0.5']],
    [['10.0.0.5/31'], ['10.0.0.4', '10.0.0.5']],
    [['10.0.0-1.1-2'], ['10.0.0.1', '10.0.0.2', '10.0.1.1', '10.0.1.2']],
    [['10.0.0.1,7,4'], ['10.0.0.1', '10.0.0.7', '10.0.0.4']],
    [['10.0.0.254-10.0.1.1'], ['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1']],
    [
      ['10.0.0.9', '10.0.0.5'],
      ['10.0.0.9', '10.0.0.5'],
    ],
    [
      ['2001:db8::1', '2001:DB8::/127'],
      ['2001:db8::1', '2001:db8::'],
    ],
    [['::ffff:10.0.0.5'], ['10.0.0.5']],
    [['::ffff:10.0.0.4/127'], ['10.0.0.4', '10.0.0.5']],
    [
      ['fe80::1%eth0', 'fe80::1%3'],
      ['fe80::1%eth0', 'fe80::1%eth1'],
    ],
    [['dns1.example'], ['10.0.0.53']],
    [['zoned.example'], ['fe80::9%eth0']],
    [['bücher.example'], ['10.0.0.77']],
    [['dns1.example/30'], ['10.0.0.52', '10.0.0.53', '10.0.0.54', '10.0.0.55']],
    [
      ['127.0.0.1', '::1'],
      ['127.0.0.1', '::1'],
    ],
  ])('%j', async (texts, expected) => {
    expect(addresses(await plan(texts))).toEqual(expected);
  });

  it.each([
    ['10.0.0.5:8443', [8443]],
    ['[2001:db8::1]:53', [53]],
    ['https://10.0.0.5:8443/path?x=1', [8443]],
    ['https://user:pw@10.0.0.5/', [443]],
    ['http://[2001:db8::1]/', [80]],
    ['10.0.0.5:https', [443]],
  ])('%s is asked for its own port', async (text, ports) => {
    const { groups } = await createPlan({ targets: [text] }, env);
    expect(groups).toEqual([{ firstTarget: 0, targetCount: 1, tcpPorts: ports, udpPorts: [] }]);
  });

  it.each([
    [['10.0.0.5:22'], { ports: '53' }, '-p "53" has no target: "10.0.0.5:22" names its own port'],
    [['10.0.0.5:22'], { fast: true }, '-F has no target: "10.0.0.5:22" names its own port'],
    [
      ['udp://10.0.0.5:53', '10.0.0.6:22'],
      { ports: 'U:161' },
      '-p "U:161" has no target: every target names its own port, as "udp://10.0.0.5:53" does',
    ],
  ] as const)(
    '%j under %j: ports that no target takes are refused',
    async (texts, more, message) => {
      await expect(createPlan({ targets: texts, ...more }, env)).rejects.toEqual(
        new UsageError(message),
      );
      const { groups } = await createPlan({ targets: [...texts, '10.0.0.9'], ...more }, env);
      expect(groups.length).toBe(texts.length + 1);
    },
  );

  it.each([
    ['udp://10.0.0.5:53', {}, [[], [53]]],
    ['UDP://10.0.0.5:53', {}, [[], [53]]],
    ['udp://[2001:db8::1]:53', {}, [[], [53]]],
    ['udp://10.0.0.5:53', { udp: true, tcp: true }, [[], [53]]],
    ['tcp://10.0.0.5:53', { udp: true, tcp: true }, [[53], []]],
    ['ntp://10.0.0.5', {}, [[], [123]]],
    ['ssh://10.0.0.5', { udp: true, tcp: true }, [[22], []]],
    ['https://10.0.0.5', { udp: true }, [[], [443]]],
  ] as const)('%s under %j is asked by the protocol of its scheme', async (text, more, ports) => {
    const { groups } = await createPlan({ targets: [text], ...more }, env);
    expect(groups.map(({ tcpPorts, udpPorts }) => [tcpPorts, udpPorts])).toEqual([ports]);
  });

  it('asks each protocol of an address whose schemes name both', async () => {
    const targets = ['udp://10.0.0.5:53', 'tcp://10.0.0.5:53', '10.0.0.6:53'];
    const { groups } = await createPlan({ targets }, env);
    expect(groups.map(({ tcpPorts, udpPorts }) => [tcpPorts, udpPorts])).toEqual([
      [[53], [53]],
      [[53], []],
    ]);
  });

  it.each([
    ['udp://10.0.0.5:53', { tcp: true }, 'names UDP, but only TCP is asked: add -sU'],
    ['udp://10.0.0.5:53', { synRequested: true }, 'names UDP, but only TCP is asked: add -sU'],
    ['tcp://10.0.0.5:53', { udp: true }, 'names TCP, but only UDP is asked: add -sT'],
  ])('refuses %s under %j', async (text, more, message) => {
    await expect(createPlan({ targets: [text], ...more }, env)).rejects.toEqual(
      new UsageError(`target "${text}" ${message}`),
    );
  });

  it('asks a port of its own with every protocol that is asked', async () => {
    const { groups } = await plan(['10.0.0.5:53', '10.0.0.6'], {
      udp: true,
      tcp: true,
      ports: '1',
    });
    expect(groups).toEqual([
      { firstTarget: 0, targetCount: 1, tcpPorts: [53], udpPorts: [53] },
      { firstTarget: 1, targetCount: 1, tcpPorts: [1], udpPorts: [1] },
    ]);
  });

  it('joins the ports of an address that is named twice, inside a range too', async () => {
    const result = await plan(['10.0.0.0/30', '10.0.0.2:8443', '10.0.0.2:53']);
    expect(addresses(result)).toEqual(['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3']);
    expect(result.groups.map((group) => group.tcpPorts)).toEqual([[53], [53, 8443], [53]]);
    expect(result.warnings).toEqual([]);
  });

  it('merges duplicates with a warning', async () => {
    const result = await plan([
      '10.0.0.1',
      '10.0.0.0/30',
      '10.0.0.1',
      'dns1.example',
      'also.example',
    ]);
    expect(addresses(result)).toEqual([
      '10.0.0.1',
      '10.0.0.0',
      '10.0.0.2',
      '10.0.0.3',
      '10.0.0.53',
    ]);
    expect(result.targets.name(4)).toBe('dns1.example');
    expect(result.warnings).toContain('10.0.0.1 and 1 more named more than once: asked once');
  });

  it('names the addresses of a name that are not probed', async () => {
    const { warnings } = await plan(['dns1.example']);
    expect(warnings).toEqual([
      'dns1.example is probed at 10.0.0.53; it also has 2001:db8::53, 10.0.1.53 (--all-addresses probes all)',
    ]);
    const all = await plan(['dns1.example'], { allAddresses: true });
    expect(addresses(all)).toEqual(['10.0.0.53', '2001:db8::53', '10.0.1.53']);
    expect([0, 1, 2].map((target) => all.targets.name(target))).toEqual(
      Array(3).fill('dns1.example'),
    );
    expect(all.warnings).toEqual([]);
  });

  it('takes the first address of the family that is asked', async () => {
    expect(addresses(await plan(['dns1.example'], { family: 6 }))).toEqual(['2001:db8::53']);
  });

  it('leaves out what is excluded', async () => {
    const exclude = ['10.0.0.1', '10.0.0.4/30', 'dns1.example', '2001:db8::/64', 'fe80::/10'];
    const targets = ['10.0.0.0/29', '10.0.0.53', '2001:db8::1', '2001:db9::1', 'fe80::1%eth0'];
    const result = await plan(targets, { exclude });
    expect(addresses(result)).toEqual(['10.0.0.0', '10.0.0.2', '10.0.0.3', '2001:db9::1']);
  });

  it('leaves the broadcast address of an own link out of a range', async () => {
    const result = await plan(['10.9.0.254-10.9.1.0']);
    expect(addresses(result)).toEqual(['10.9.0.254', '10.9.1.0']);
    expect(result.warnings).toEqual(['10.9.0.255 is the broadcast address of eth0: left out']);
  });
});

describe('what is no target', () => {
  it.each([
    ['', 'a target is empty'],
    ['10.0.0.300', 'target "10.0.0.300": "300" is no octet (0 to 255)'],
    ['10.0.0.010', 'target "10.0.0.010": "010" is no octet (0 to 255)'],
    ['10.0.0', 'target "10.0.0" is no IPv4 address: it has four octets'],
    ['10.0.0.9-2', 'target "10.0.0.9-2": the range "9-2" ends before it begins'],
    ['10.0.0.9-10.0.0.2', 'target "10.0.0.9-10.0.0.2": the range ends before it begins'],
    ['10.0.0.0/33', 'target "10.0.0.0/33": "/33" is no prefix length (0 to 32)'],
    ['10.0.0-1.0/24', 'target "10.0.0-1.0/24": a prefix length needs a whole address before it'],
    ['2001:db8::/x', 'target "2001:db8::/x": "/x" is no prefix length (0 to 128)'],
    ['2001:db8:::1', 'target "2001:db8:::1" is no IPv6 address'],
    ['[10.0.0.1]:80', 'target "[10.0.0.1]:80": brackets hold an IPv6 address'],
    ['10.0.0.1:0', 'target "10.0.0.1:0": "0" is no port (1 to 65535, or a name)'],
    ['10.0.0.1:70000', 'target "10.0.0.1:70000": "70000" is no port (1 to 65535, or a name)'],
    ['foo://10.0.0.1', 'target "foo://10.0.0.1": say the port, "foo" has no usual one'],
    ['https:///x', 'target "https:///x": the URL names no host'],
    ['a b', 'target "a b" is neither an address nor a name'],
    ['0x7f000001', 'target "0x7f000001" is neither an address nor a name'],
    ['-x.example', 'target "-x.example" is neither an address nor a name'],
    ['nohost.example', 'target "nohost.example" cannot be looked up: no such name (ENOTFOUND)'],
    ['0.0.0.0', 'target "0.0.0.0" is the any-address: a port belongs to one host'],
    ['any.example', 'target "any.example" is the any-address: a port belongs to one host'],
    ['0.0.0.0/8', 'target "0.0.0.0/8" includes the any-address: a port belongs to one host'],
    ['::', 'target "::" is the any-address: a port belongs to one host'],
    ['224.0.0.1', 'target "224.0.0.1" is multicast: a port belongs to one host'],
    ['ff02::1%eth0', 'target "ff02::1%eth0" is multicast: a port belongs to one host'],
    ['255.255.255.255', 'target "255.255.255.255" is broadcast: a port belongs to one host'],
    [
      '10.9.0.255',
      'target "10.9.0.255" is the broadcast address of eth0: a port belongs to one host',
    ],
    [
      'fe80::1',
      'target "fe80::1" is link-local and needs its interface, as in fe80::1%eth0 (here: eth0, eth1)',
    ],
    [
      'fe80::1%wlan9',
      'target "fe80::1%wlan9": no interface "wlan9" with link-local addresses (here: eth0, eth1)',
    ],
    [
      '2001:db8::1%eth0',
      'target "2001:db8::1%eth0": only a link-local address (fe80::/10) has a zone',
    ],
    ['10.0.0.0/7', 'target "10.0.0.0/7" holds too many addresses: a run takes 16,777,216 at most'],
    [
      '2001:db8::/64',
      'target "2001:db8::/64" holds too many addresses: a run takes 16,777,216 at most',
    ],
    [
      '1-9.0-255.0-255.1',
      'target "1-9.0-255.0-255.1" holds too many separate ranges: 131,072 at most',
    ],
  ])('%j', async (text, message) => {
    await expect(plan([text])).rejects.toEqual(new UsageError(message));
  });

  it('is told and left out where it is a name without an address beside others', async () => {
    const targets = ['gone.example', '10.0.0.1', 'late.example', 'also.example', 'six.example'];
    const result = await plan([...targets, 'gone.example:22'], { family: 4 });
    expect(addresses(result)).toEqual(['10.0.0.1', '10.0.0.53']);
    const lines = [
      'target "gone.example" cannot be looked up: no such name (ENOTFOUND)',
      'target "late.example" cannot be looked up: the name server did not answer (EAI_AGAIN)',
      'target "six.example" has no IPv4 address',
      'target "gone.example" cannot be looked up: no such name (ENOTFOUND)',
    ];
    expect(result.unresolved.map(unresolvedLine)).toEqual(lines);
    expect(result.warnings.slice(0, 4)).toEqual(lines);
    expect(describeNotDone(result, [0])).toEqual([
      ...['gone.example', 'late.example', 'six.example', 'gone.example'],
      '10.0.0.1 53/tcp',
    ]);
  });

  it('is counted where there are many', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `gone${index}.example`);
    const result = await plan([...names, '10.0.0.1']);
    expect(result.unresolved.length).toBe(12);
    expect(result.warnings.at(-1)).toBe('4 more names cannot be looked up');
    expect(describeNotDone(result, [0]).at(-1)).toBe('and 5 more');
  });

  it('is a fault of our own side where no name could be looked up', async () => {
    await expect(plan(['gone.example', 'late.example'])).rejects.toEqual(
      new ProbeError(
        'E_NAME_LOOKUP',
        'target "late.example" cannot be looked up: the name server did not answer (EAI_AGAIN) (and 1 more)',
      ),
    );
    await expect(plan(['10.0.0.1'], { exclude: ['late.example'] })).rejects.toBeInstanceOf(
      ProbeError,
    );
    await expect(plan(['10.0.0.1'], { exclude: ['gone.example'] })).rejects.toEqual(
      new UsageError(
        '--exclude: target "gone.example" cannot be looked up: no such name (ENOTFOUND)',
      ),
    );
  });

  it('is refused as a whole', async () => {
    await expect(plan([])).rejects.toThrow('no target: name an address or a host');
    await expect(plan(['10.0.0.1'], { exclude: ['10.0.0.0/8'] })).rejects.toThrow(
      'nothing left to scan: every target is excluded',
    );
    await expect(plan(['11.0.0.0/8', '12.0.0.0/8'])).rejects.toThrow(
      '33,554,432 targets are too many: a run takes 16,777,216 at most',
    );
    await expect(plan(['10.0.0.1'], { family: 6 })).rejects.toThrow(
      'target "10.0.0.1" is IPv4, but only IPv6 is asked',
    );
    await expect(plan(['also.example'], { family: 6 })).rejects.toThrow(
      'target "also.example" has no IPv6 address',
    );
  });

  it('never throws anything but a UsageError of one line', async () => {
    const piece = fc.constantFrom(
      '10',
      '.',
      '-',
      '/',
      ':',
      '[',
      ']',
      '%',
      'fe80',
      'x',
      ',',
      '*',
      '@',
      '://',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (target) => {
        try {
          await plan([target]);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as Error).message).not.toMatch(/\p{Cc}/u);
        }
      }),
    );
  });
});

describe('target table', () => {
  const v4 = fc
    .tuple(
      fc.integer({ min: 1, max: 223 }),
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 0, max: 255 }),
    )
    .map(([a, b, c]) => `${a}.${b}.${c}.7`);
  const v6 = fc
    .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 7, maxLength: 7 })
    .map((groups) => `2001:${groups.map((group) => group.toString(16)).join(':')}`);

  it('leads from every address to its number and back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(v4, v6), { minLength: 1, maxLength: 40 }),
        async (texts) => {
          const { targets } = await plan(texts);
          expect(targets.count).toBe(new Set(texts.map((text) => canonical(text))).size);
          for (let target = 0; target < targets.count; target++) {
            const family = targets.families[target] === 4 ? 4 : 6;
            expect(targets.indexOf(targets.bytes, target * 16, family)).toBe(target);
            expect(targets.ip(target)).toBe(formatIp(targets.bytes, target * 16, family));
          }
          expect(targets.ip(0)).toBe(canonical(texts[0]!));
        },
      ),
    );
  });

  const canonical = (text: string): string => {
    const { bytes, family } = parseIp(text)!;
    return formatIp(bytes, 0, family);
  };

  it('agrees with a plain list for ranges, duplicates and exclusions', async () => {
    const range = fc
      .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    const ranges = fc.array(range, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(ranges, fc.array(range, { maxLength: 3 }), async (named, excluded) => {
        const texts = (list: readonly (readonly [number, number])[]) =>
          list.map(([first, last]) => `10.0.0.${first}-${last}`);
        const kept = new Set<number>();
        for (const [first, last] of named) {
          for (let low = first; low <= last; low++) {
            if (!excluded.some(([from, to]) => low >= from && low <= to)) kept.add(low);
          }
        }
        if (kept.size === 0) return;
        const result = await plan(texts(named), { exclude: texts(excluded) });
        expect(addresses(result)).toEqual([...kept].map((low) => `10.0.0.${low}`));
      }),
    );
  });

  it('is not found for addresses that are no target', async () => {
    const { targets } = await plan(['10.0.0.0/30', '10.0.0.8', '2001:db8::/126']);
    for (const text of [
      '9.255.255.255',
      '10.0.0.4',
      '10.0.0.9',
      '2001:db8::4',
      '2001:db7::1',
      '::a00:1',
    ]) {
      const { bytes, family } = parseIp(text)!;
      expect(targets.indexOf(bytes, 0, family), text).toBe(-1);
    }
  });

  it('numbers a /16 by arithmetic', async () => {
    const { targets, groups, space } = await plan(['10.7.0.0/16']);
    expect(groups.length).toBe(1);
    expect(space.count).toBe(65_536);
    const { bytes } = parseIp('10.7.255.254')!;
    expect(targets.indexOf(bytes, 0, 4)).toBe(65_534);
    expect(targets.ip(65_534)).toBe('10.7.255.254');
  });
});

describe('createPlan', () => {
  it('asks TCP unless the user says otherwise, and UDP where a prefix does', async () => {
    const shape = async (more: Partial<PlanRequest>) => {
      const [group] = (await createPlan({ targets: ['10.0.0.1'], ...more }, env)).groups;
      return [group!.tcpPorts.length, group!.udpPorts.length];
    };
    expect(await shape({ ports: '1-3' })).toEqual([3, 0]);
    expect(await shape({ ports: '1-3', udp: true })).toEqual([0, 3]);
    expect(await shape({ ports: '1-3', udp: true, synRequested: true })).toEqual([3, 3]);
    expect(await shape({ ports: '1,U:53' })).toEqual([1, 1]);
    expect((await shape({}))[0]).toBeGreaterThan(90);
    expect((await shape({ udp: true }))[1]).toBeGreaterThan(35);
    expect((await shape({ udp: true, fast: true }))[1]).toBeLessThan(20);
  });

  it('holds the defaults', async () => {
    const { timing, certainty, control, ratePps, retries, hostTimeoutMs, seed } = await plan([
      '10.0.0.1',
    ]);
    expect({ timing, certainty, control, ratePps, retries, hostTimeoutMs, seed }).toEqual({
      timing: 3,
      certainty: 0.999,
      control: true,
      ratePps: undefined,
      retries: undefined,
      hostTimeoutMs: undefined,
      seed: [1, 2],
    });
  });

  it('refuses numbers out of range and runs that are too large', async () => {
    await expect(plan(['10.0.0.1'], { ratePps: -1 })).rejects.toThrow(
      'ratePps takes a number above 0, not "-1"',
    );
    await expect(plan(['10.0.0.1'], { retries: 1.5 })).rejects.toThrow('retries takes 0 to 254');
    await expect(plan(['10.0.0.1'], { certainty: 1 })).rejects.toThrow('certainty takes a share');
    await expect(plan(['10.0.0.0/16'], { ports: '-' })).rejects.toThrow(
      /4,294,901,760 probes are too many/,
    );
  });
});
