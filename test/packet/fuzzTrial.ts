/**
 * Mutated and random inputs to the readers of packets, link layers, answers to payloads and captures: none throws, none is slow,
 * and none leaves anything on the heap. `node scripts/fuzzTrial.mjs [COUNT] [SEED]`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createPacketReader } from '../../src/match/readPacket.ts';
import { createCaptureReader } from '../../src/packet/captureReader.ts';
import { checkExtensions, readExtensions } from '../../src/packet/extensions.ts';
import { createIcmpView, readIcmp } from '../../src/packet/icmp.ts';
import { createIpView, readIp } from '../../src/packet/ip.ts';
import { createLinkView, LINK_TYPE, readLink } from '../../src/packet/linkLayer.ts';
import { createQuoteView, readQuote } from '../../src/packet/quote.ts';
import { createTcpView, readTcp } from '../../src/packet/tcp.ts';
import { createTcpOptionsView, readTcpOptions } from '../../src/packet/tcpOptions.ts';
import { checkTransport } from '../../src/packet/transport.ts';
import { createUdpView, readUdp } from '../../src/packet/udp.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { createPayloads, PAYLOAD_KINDS } from '../../src/probe/payload.ts';
import { TOKEN } from '../probe/payloads/caseShape.ts';
import { CASES } from '../probe/payloads/cases.ts';
import { FIXTURES } from '../record/fixtureList.ts';
import { goldenPackets } from './golden.ts';

const count = Number(process.argv[2] ?? 10_000_000);
const seed = Number(process.argv[3] ?? 20_261_128);
/** The heap is first looked at after so many: caches and compiled code are there by then. */
const FIRST = Math.min(1_000_000, count);
/** An input that takes so long hangs a scan, ms; a busy machine takes time from us too, so they are counted and shown. */
const SLOW_MS = 1000;

if (!(Number.isInteger(count) && count > 0 && Number.isInteger(seed) && seed !== 0)) {
  throw new Error('COUNT and SEED are whole numbers, not 0');
}

/** xorshift32 (Marsaglia 2003). */
let state = seed;
const random = (): number => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
};

const views = {
  ip: createIpView(),
  quote: createQuoteView(),
  icmp: createIcmpView(),
  tcp: createTcpView(),
  options: createTcpOptionsView(),
  udp: createUdpView(),
  link: createLinkView(),
};
const plan = await createPlan(
  { targets: ['10.9.2.1', 'fd00:2::1'], ports: '1-1000', udp: true, synRequested: true },
  { resolve: async () => [], interfaces: [], seed: [1, 2] },
);
const payloads = createPayloads(null);
const answers = createPacketReader({ plan, srcPort: 53_309, controlAt: () => 0, payloads });

function readTransport(bytes: Uint8Array, at: number, end: number): void {
  const { icmp, quote, tcp, options, udp } = views;
  if (readTcp(bytes, at, end, tcp)) {
    readTcpOptions(bytes, tcp.optionsAt, tcp.optionsEnd, options);
  }
  readUdp(bytes, at, end, udp);
  for (const family of [4, 6] as const) {
    if (!readIcmp(bytes, at, end, family, icmp) || !icmp.isError) continue;
    readQuote(bytes, icmp.quoteAt, icmp.quoteEnd, quote);
    if (icmp.extensionsAt >= 0) readExtensions(bytes, icmp.extensionsAt, icmp.extensionsEnd);
  }
  checkExtensions(bytes, at, end);
  readExtensions(bytes, at, end);
}

const LINKS = Object.values(LINK_TYPE);

function readPacketBytes(bytes: Uint8Array): void {
  const { ip, quote, link } = views;
  readQuote(bytes, 0, bytes.length, quote);
  answers.read(bytes, 0, bytes.length);
  readLink(bytes, 0, bytes.length, LINKS[random() % LINKS.length]!, link);
  if (readIp(bytes, 0, bytes.length, ip)) {
    checkTransport(bytes, ip);
    readTransport(bytes, ip.payloadAt, ip.payloadEnd);
  } else readTransport(bytes, 0, bytes.length);
}

function readAnswer(bytes: Uint8Array): void {
  PAYLOAD_KINDS[random() % PAYLOAD_KINDS.length]!.read(bytes, ...TOKEN);
}

function readCaptureBytes(bytes: Uint8Array): void {
  const reader = createCaptureReader({ frame: () => undefined, local: () => undefined });
  const cut = random() % (bytes.length + 1);
  reader.push(bytes.subarray(0, cut));
  reader.push(bytes.subarray(cut));
  reader.end();
}

/** What an input is made of, and who reads it; a capture is dear, so it is one of 64. */
const KINDS = {
  packet: { corpus: Object.values(goldenPackets), read: readPacketBytes },
  answer: {
    corpus: CASES.flatMap(({ accepted, rejected }) =>
      [...accepted, ...rejected].map(({ bytes }) => bytes),
    ),
    read: readAnswer,
  },
  capture: {
    corpus: readdirSync(FIXTURES)
      .filter((file) => file.startsWith('tcp'))
      .map((file) => new Uint8Array(readFileSync(new URL(file, FIXTURES)))),
    read: readCaptureBytes,
  },
} as const;

function hostile(corpus: readonly Uint8Array[]): Uint8Array {
  if (random() % 8 === 0) {
    const bytes = new Uint8Array(random() % 160);
    for (let i = 0; i < bytes.length; i++) bytes[i] = random();
    return bytes;
  }
  const bytes = corpus[random() % corpus.length]!.slice();
  for (let left = bytes.length === 0 ? 0 : random() % 8; left > 0; left--) {
    bytes[random() % bytes.length] = random();
  }
  return random() % 2 ? bytes : bytes.subarray(0, random() % (bytes.length + 1));
}

const heapBytes = (): number => {
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
};

const read = { packet: 0, answer: 0, capture: 0 };
let slow = 0;
let firstBytes = 0;
for (let index = 1; index <= count; index++) {
  const dice = random() % 64;
  const name = dice === 0 ? 'capture' : dice < 24 ? 'answer' : 'packet';
  const bytes = hostile(KINDS[name].corpus);
  const startedMs = performance.now();
  try {
    KINDS[name].read(bytes);
  } catch (cause) {
    const text = Buffer.from(bytes).toString('hex');
    throw new Error(`input ${index} of seed ${seed}, ${name}: ${text}`, { cause });
  }
  if (performance.now() - startedMs > SLOW_MS) slow += 1;
  read[name] += 1;
  if (index === FIRST) firstBytes = heapBytes();
}
const lastBytes = heapBytes();
process.stdout.write(
  `seed ${seed}: ${read.packet} packets, ${read.answer} answers, ${read.capture} captures; none threw, ` +
    `${slow} took over ${SLOW_MS} ms\n` +
    `heap after ${FIRST}: ${firstBytes}, after ${count}: ${lastBytes} bytes; ratio ${(lastBytes / firstBytes).toFixed(3)}\n`,
);
process.exitCode = slow === 0 ? 0 : 1;
