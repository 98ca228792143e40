/** What each kind of wire can send and see: one table, for the real wires, the simulated ones and the tests. */
import type { WireCan } from '../model.ts';

/** Whole packets, seen before our own firewall. */
const PACKET: WireCan = {
  packets: true,
  passesHooks: false,
  icmpSender: true,
  replyTtl: true,
  setTtl: true,
  sendOrder: true,
  lanes: 1,
  minTtl: false,
  resetKnown: true,
  strangers: true,
  neighbours: true,
  echo: true,
  window: true,
  maxTcpInFlight: 1_000_000,
  tcpSilenceMs: 0,
};

/** The table; a wire that knows more of its own limits says so in its own copy. */
export const CAN: Readonly<Record<'packet' | 'raw-socket' | 'errqueue' | 'connect', WireCan>> = {
  packet: PACKET,
  'raw-socket': { ...PACKET, passesHooks: true, neighbours: false, sendOrder: false },
  errqueue: {
    ...PACKET,
    packets: false,
    neighbours: false,
    // Only where the group of the process is in ping_group_range: the real wire tries it.
    echo: false,
    passesHooks: true,
    minTtl: true,
    // An ordinary process may have 1,024 files; the real wire says how many it has.
    maxTcpInFlight: 960,
  },
  connect: {
    packets: false,
    passesHooks: true,
    icmpSender: false,
    replyTtl: false,
    setTtl: false,
    sendOrder: false,
    lanes: 1,
    minTtl: false,
    resetKnown: false,
    strangers: false,
    neighbours: false,
    echo: false,
    window: false,
    maxTcpInFlight: 512,
    // Node surfaces ICMP errors over IPv6 late, with the kernel's next SYN.
    tcpSilenceMs: 1200,
  },
};
