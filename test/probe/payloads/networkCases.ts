/** Routers, gateways and controllers: NAT-PMP, RIP, GTP, BACnet. */
import { fromHex } from './bytes.ts';
import type { PayloadCase } from './caseShape.ts';

const RIP_ROUTE = '0002 0000 c6336400 ffffff00 00000000 00000001';
/** The device that is asked about, and a device 1234; then property 77. */
const BACNET_DEVICE = '0c 020004d2 19 4d';

export const NETWORK_CASES: readonly PayloadCase[] = [
  {
    protocol: 'nat-pmp',
    request: fromHex('00 00'),
    identity: [0, 0],
    accepted: [
      {
        of: 'a gateway (RFC 6886 section 3.2)',
        bytes: fromHex('00 80 0000 00000002 cb007109'),
        info: 'external address 203.0.113.9',
      },
      {
        of: 'a gateway of another version, with the shortest refusal',
        bytes: fromHex('00 80 0001 00000002'),
        info: 'unsupported version',
      },
      {
        of: 'a PCP server without NAT-PMP (RFC 6887 section 9)',
        bytes: fromHex(`02 80 00 01 00000e10 00000007 ${'00'.repeat(12)}`),
        info: 'PCP version 2, no NAT-PMP',
      },
    ],
    rejected: [
      { why: 'a mapping', bytes: fromHex('00 81 0000 00000002 cb007109') },
      { why: 'a result that does not exist', bytes: fromHex('00 80 0006 00000002') },
      { why: 'nine bytes', bytes: fromHex('00 80 0001 00000002 00') },
      {
        why: 'a PCP answer with another result',
        bytes: fromHex(`02 80 00 02 00000e10 00000007 ${'00'.repeat(12)}`),
      },
    ],
  },
  {
    protocol: 'nat-pmp',
    request: fromHex('00 00'),
    identity: [0, 0],
    openEnded: true,
    accepted: [
      {
        of: 'MiniUPnPd 2.3.1 without an outside address (seen)',
        bytes: fromHex('00 80 0003 00000002 00000000'),
        info: 'network failure',
      },
    ],
    rejected: [],
  },
  {
    protocol: 'rip',
    request: fromHex('01 02 0000 0000 0000 00000000 00000000 00000000 00000010'),
    identity: [0, 0],
    accepted: [
      {
        of: 'ripd of FRR 8.4.4 (seen)',
        bytes: fromHex(`02 02 0000 ${RIP_ROUTE}`),
        info: 'v2, 1 route',
      },
    ],
    rejected: [
      { why: 'no entry', bytes: fromHex('02 02 0000') },
      { why: 'half an entry', bytes: fromHex('02 02 0000 0002 0000 c6336400 ffffff00') },
      { why: 'version 3', bytes: fromHex(`02 03 0000 ${RIP_ROUTE}`) },
      { why: 'a metric of 17', bytes: fromHex(`02 02 0000 ${RIP_ROUTE.slice(0, -2)}11`) },
      { why: 'another family', bytes: fromHex(`02 02 0000 ${RIP_ROUTE.replace('0002', '0003')}`) },
      { why: '26 routes', bytes: fromHex(`02 02 0000 ${RIP_ROUTE.repeat(26)}`) },
    ],
  },
  {
    protocol: 'rip',
    request: fromHex('01 02 0000 0000 0000 00000000 00000000 00000000 00000010'),
    identity: [0, 0],
    openEnded: true,
    accepted: [
      {
        of: 'a router with a password before its routes',
        bytes: fromHex(`02 02 0000 ffff 0002 ${'41'.repeat(16)} ${RIP_ROUTE} ${RIP_ROUTE}`),
        info: 'v2, 2 routes',
      },
    ],
    rejected: [],
  },
  {
    protocol: 'gtp',
    request: fromHex('32 01 0004 00000000 cdef 00 00'),
    identity: [0, 0xffff],
    accepted: [
      {
        of: 'osmo-ggsn 1.9.0, on both ports (seen)',
        bytes: fromHex('32 02 0006 00000000 cdef 00 00 0e 01'),
        info: 'v1, restart counter 1',
      },
      {
        of: 'a node with an extension of its own',
        bytes: fromHex("32 02 000d 00000000 cdef 00 00 0e 07 ff 0004 0009 'ab'"),
        info: 'v1, restart counter 7',
      },
      {
        of: 'a node of another version that answers in ours',
        bytes: fromHex('32 03 0004 00000000 cdef 00 00'),
        info: 'v1, our version not supported',
      },
    ],
    rejected: [
      { why: 'no restart counter', bytes: fromHex('32 02 0004 00000000 cdef 00 00') },
      { why: 'a tunnel', bytes: fromHex('32 02 0006 00000001 cdef 00 00 0e 01') },
      { why: "GTP'", bytes: fromHex('22 02 0006 00000000 cdef 00 00 0e 01') },
      {
        why: 'an element beyond the end',
        bytes: fromHex('32 02 0009 00000000 cdef 00 00 0e 01 ff 0001'),
      },
    ],
  },
  {
    protocol: 'gtp',
    request: fromHex('32 01 0004 00000000 cdef 00 00'),
    identity: [0, 0],
    accepted: [
      {
        of: 'a node that speaks version 2 alone (3GPP TS 29.274 section 7.1.3)',
        bytes: fromHex('40 03 0004 000000 00'),
        info: 'version 1 not supported',
      },
    ],
    rejected: [],
  },
  {
    protocol: 'gtp-prime',
    request: fromHex('4e 01 0000 cdef'),
    identity: [0, 0xffff],
    accepted: [
      {
        of: 'a charging gateway (3GPP TS 32.295 section 6.2)',
        bytes: fromHex('4e 02 0002 cdef 0e 03'),
        info: 'v2, restart counter 3',
      },
      {
        of: 'a charging gateway of version 0 with the short header',
        bytes: fromHex('0f 03 0000 cdef'),
        info: 'v0, our version not supported',
      },
    ],
    rejected: [
      {
        why: 'the refusal of a GTP node, osmo-ggsn 1.9.0 (seen)',
        bytes: fromHex('32 03 0004 00000000 0000 00 00'),
      },
      { why: 'version 3', bytes: fromHex('6e 02 0002 cdef 0e 03') },
    ],
  },
  {
    protocol: 'bacnet',
    request: fromHex('81 0a 0011 01 04 00 05 ef 0c 0c 023fffff 19 4d'),
    identity: [0, 0xff],
    accepted: [
      {
        of: 'a controller (ASHRAE 135 clause 15.5)',
        bytes: fromHex(`81 0a 0017 01 00 30 ef 0c ${BACNET_DEVICE} 3e 74 00 'lab' 3f`),
        info: 'device 1234 lab',
      },
      {
        of: 'a controller with a long name, behind a router',
        bytes: fromHex(
          `81 0a 0024 01 08 0005 01 0b 30 ef 0c ${BACNET_DEVICE} 3e 75 0c 00 'controller' 07 3f`,
        ),
        info: 'device 1234 controller\\x07',
      },
      {
        of: 'a router that tells where the answer goes',
        bytes: fromHex('81 0a 000e 01 20 0005 01 0b ff 60 ef 09'),
        info: 'reject reason 9',
      },
      {
        of: 'a controller that does not know the wildcard',
        bytes: fromHex('81 0a 000d 01 00 50 ef 0c 91 01 91 1f'),
        info: 'error class 1 code 31',
      },
      { of: 'a busy device', bytes: fromHex('81 0a 0009 01 00 71 ef 02'), info: 'abort reason 2' },
    ],
    rejected: [
      { why: 'a broadcast', bytes: fromHex('81 0b 0009 01 00 60 ef 09') },
      { why: 'a message of the network layer', bytes: fromHex('81 0a 0009 01 80 60 ef 09') },
      { why: 'an address beyond the end', bytes: fromHex('81 0a 0009 01 08 0005 09') },
      {
        why: 'a segment',
        bytes: fromHex(`81 0a 0017 01 00 38 ef 0c ${BACNET_DEVICE} 3e 74 00 'lab' 3f`),
      },
      {
        why: 'another property',
        bytes: fromHex("81 0a 0017 01 00 30 ef 0c 0c 020004d2 19 4b 3e 74 00 'lab' 3f"),
      },
      {
        why: 'an object that is no device',
        bytes: fromHex("81 0a 0017 01 00 30 ef 0c 0c 004004d2 19 4d 3e 74 00 'lab' 3f"),
      },
      {
        why: 'a name beyond the end',
        bytes: fromHex(`81 0a 0017 01 00 30 ef 0c ${BACNET_DEVICE} 3e 75 fd 00 'la' 3f`),
      },
    ],
  },
];
