/** What guards a network, or is guarded: IKE, OpenVPN, L2TP, DTLS, IPMI, and SNMP with a community. */
import {
  COMMUNITY_MAX_LENGTH,
  snmpWithCommunity,
} from '../../../src/probe/payloads/snmpCommunity.ts';
import { fromHex } from './bytes.ts';
import type { PayloadCase } from './caseShape.ts';

const SPI = 'f123456789abcdef';
const NONCE = '89abcdeff1234567'.repeat(4);
const IKE_REQUEST = `${SPI} 0000000000000000 21 20 22 08 00000000 00000094
  22 00 002c 00 00 0028 01 01 00 04
  03 00 0008 01 00 ffff 03 00 0008 02 00 0005 03 00 0008 03 00 000c 00 00 0008 04 00 001f
  28 00 0028 001f 0000 ${SPI.repeat(4)} 00 00 0024 ${NONCE}`;
const NO_PROPOSAL_CHOSEN = '00 00 0008 00 00 000e';
const BOTH = [0xffffffff, 0xffffffff] as const;

const HELLO = `fefd ${NONCE} 00 00 0016 c02b c02f cca9 cca8 c0ac c0ae c00a c014 009c 00a8 c0a8 01 00
  0027 000a 0006 0004 001d 0017 000b 0002 01 00 000d 000a 0008 0403 0804 0401 0501 0017 0000 ff01 0001 00`;
const CLIENT_HELLO = `16 feff 0000 456789abcdef 0073 01 000067 0000 000000 000067 ${HELLO}`;
const COOKIE = '3e35f1910ef0082921fbcf26f9b4f3a9b212cbaf';
const SERVER_RANDOM = '5f'.repeat(32);

const L2TP_STOP = `8008 0000 0000 0004 8008 0000 0009 ffe5
  8035 0000 0001 0002 0006 'mandatory attribute 65535 cannot be handled'`;

const IPMI_SESSION = '06 00 ff 07 00 00000000 00000000';

const SYS_DESCR = '06 08 2b06010201010100';

export const SECURITY_CASES: readonly PayloadCase[] = [
  {
    protocol: 'ike',
    request: fromHex(IKE_REQUEST),
    identity: BOTH,
    accepted: [
      {
        of: 'strongSwan 5.9.8, to which the address is a stranger (seen)',
        bytes: fromHex(
          `${SPI} 785f79442d0dcf61 29 20 22 20 00000000 00000024 ${NO_PROPOSAL_CHOSEN}`,
        ),
        info: 'IKEv2, NO_PROPOSAL_CHOSEN',
      },
      {
        of: 'strongSwan 5.9.8, whose proposals are others (seen)',
        bytes: fromHex(
          `${SPI} 0000000000000000 29 20 22 20 00000000 00000024 ${NO_PROPOSAL_CHOSEN}`,
        ),
        info: 'IKEv2, NO_PROPOSAL_CHOSEN',
      },
      {
        of: 'Libreswan 4.10 (seen)',
        bytes: fromHex(
          `${SPI} e917e05153d071c3 29 20 22 20 00000000 00000024 ${NO_PROPOSAL_CHOSEN}`,
        ),
        info: 'IKEv2, NO_PROPOSAL_CHOSEN',
      },
      {
        of: 'a responder under load that wants a cookie, and tells its vendor',
        bytes: fromHex(`${SPI} 0000000000000000 29 20 22 20 00000000 00000030
          2b 00 000c 00 00 4006 01020304 00 00 0008 61626364`),
        info: 'IKEv2, COOKIE',
      },
      {
        of: 'a responder that accepts, which none should',
        bytes: fromHex(
          `${SPI} 785f79442d0dcf61 21 20 22 20 00000000 00000028 29 00 0004 00 00 0008 00 00 4004`,
        ),
        info: 'IKEv2, proposal accepted, notify 16388',
      },
      {
        of: 'a responder that speaks version 1 alone (RFC 2408 section 3.14)',
        bytes: fromHex(`${SPI} 785f79442d0dcf61 0b 10 05 00 1a2b3c4d 00000028
          00 00 000c 00000001 01 00 0005`),
        info: 'IKEv1, notify 5',
      },
    ],
    rejected: [
      {
        why: 'our own direction',
        bytes: fromHex(
          `${SPI} 785f79442d0dcf61 29 20 22 28 00000000 00000024 ${NO_PROPOSAL_CHOSEN}`,
        ),
      },
      {
        why: 'another message id',
        bytes: fromHex(
          `${SPI} 785f79442d0dcf61 29 20 22 20 00000001 00000024 ${NO_PROPOSAL_CHOSEN}`,
        ),
      },
      {
        why: 'a payload without end',
        bytes: fromHex(
          `${SPI} 785f79442d0dcf61 29 20 22 20 00000000 00000024 00 00 0009 00 00 000e`,
        ),
      },
      {
        why: 'a payload without length',
        bytes: fromHex(
          `${SPI} 785f79442d0dcf61 29 20 22 20 00000000 00000024 29 00 0000 00 00 000e`,
        ),
      },
      {
        why: 'no payload',
        bytes: fromHex(`${SPI} 785f79442d0dcf61 00 20 22 20 00000000 0000001c`),
      },
      {
        why: 'a vendor id alone',
        bytes: fromHex(`${SPI} 785f79442d0dcf61 2b 20 22 20 00000000 00000024 00 00 0008 61626364`),
      },
    ],
  },
  {
    protocol: 'ike-nat-t',
    request: fromHex(`00000000 ${IKE_REQUEST}`),
    identity: BOTH,
    accepted: [
      {
        of: 'strongSwan 5.9.8 (seen)',
        bytes: fromHex(
          `00000000 ${SPI} 8da9b76d3f2a707e 29 20 22 20 00000000 00000024 ${NO_PROPOSAL_CHOSEN}`,
        ),
        info: 'IKEv2, NO_PROPOSAL_CHOSEN',
      },
    ],
    rejected: [
      {
        why: 'no marker',
        bytes: fromHex(
          `${SPI} 8da9b76d3f2a707e 29 20 22 20 00000000 00000024 ${NO_PROPOSAL_CHOSEN}`,
        ),
      },
      { why: 'a keep-alive', bytes: fromHex('ff') },
    ],
  },
  {
    protocol: 'openvpn',
    request: fromHex(`38 ${SPI} 00 00000000`),
    identity: BOTH,
    accepted: [
      {
        of: 'OpenVPN 2.6.14 (seen)',
        bytes: fromHex(`40 d990e734693558c5 01 00000000 ${SPI} 00000000`),
        info: 'TLS mode, no tls-auth key needed',
      },
    ],
    rejected: [
      {
        why: 'a key other than the first',
        bytes: fromHex(`41 d990e734693558c5 01 00000000 ${SPI} 00000000`),
      },
      {
        why: 'the acknowledgement of a packet that was not sent',
        bytes: fromHex(`40 d990e734693558c5 01 00000001 ${SPI} 00000000`),
      },
      { why: 'no acknowledgement', bytes: fromHex(`40 d990e734693558c5 00 ${SPI} 00000000`) },
    ],
  },
  {
    protocol: 'l2tp',
    request: fromHex(`c802 0042 0000 0000 0000 0000 8008 0000 0000 0001 8008 0000 0002 0100
      800a 0000 0003 00000003 800e 0000 0007 'pu-probe' 8008 0000 0009 cdef 8006 0000 ffff`),
    identity: [0, 0xffff],
    accepted: [
      {
        of: 'xl2tpd 1.3.18, at once (seen)',
        bytes: fromHex('c802 000c cdef 0000 0000 0001'),
        info: 'acknowledged',
      },
      {
        of: 'xl2tpd 1.3.18, a moment later (seen)',
        bytes: fromHex(`c802 0051 cdef 0000 0000 0001 ${L2TP_STOP}`),
        info: 'StopCCN, general error, mandatory attribute 65535 cannot be handled',
      },
      {
        of: 'a peer that does not mind the unknown AVP (RFC 2661 section 6.2)',
        bytes: fromHex(`c802 003b cdef 0000 0000 0001 8008 0000 0000 0002 8008 0000 0002 0100
          8009 0000 0007 'lac' 800d 0000 0008 'example' 8009 0009 0007 'not'`),
        info: 'SCCRP, host lac, example',
      },
    ],
    rejected: [
      {
        why: 'a data message',
        bytes: fromHex('4802 000c cdef 0000 0000 0001'),
      },
      { why: 'version 3', bytes: fromHex('c803 000c cdef 0000 0000 0001') },
      {
        why: 'an AVP shorter than its header',
        bytes: fromHex('c802 0012 cdef 0000 0000 0001 8005 0000 0000'),
      },
      {
        why: 'a StopCCN without a result',
        bytes: fromHex('c802 0014 cdef 0000 0000 0001 8008 0000 0000 0004'),
      },
      {
        why: 'a hello',
        bytes: fromHex('c802 0014 cdef 0000 0000 0001 8008 0000 0000 0006'),
      },
    ],
  },
  {
    protocol: 'dtls',
    request: fromHex(CLIENT_HELLO),
    identity: [0xffff, 0xffffffff],
    accepted: [
      {
        of: 'OpenSSL 3.0.19, s_server -listen (seen)',
        bytes: fromHex(
          `16 feff 0000 456789abcdef 0023 03 000017 0000 000000 000017 feff 14 ${COOKIE}`,
        ),
        info: 'asks for a cookie',
      },
    ],
    rejected: [
      {
        why: 'a cookie under another number',
        bytes: fromHex(
          `16 feff 0000 456789abcdee 0023 03 000017 0000 000000 000017 feff 14 ${COOKIE}`,
        ),
      },
      {
        why: 'a cookie that outgrows its message',
        bytes: fromHex(
          `16 feff 0000 456789abcdef 0023 03 000017 0000 000000 000017 feff 15 ${COOKIE}`,
        ),
      },
      {
        why: 'a later epoch',
        bytes: fromHex(
          `16 feff 0001 456789abcdef 0023 03 000017 0000 000000 000017 feff 14 ${COOKIE}`,
        ),
      },
      {
        why: 'a later fragment',
        bytes: fromHex(
          `16 feff 0000 456789abcdef 0023 03 000027 0000 000010 000017 feff 14 ${COOKIE}`,
        ),
      },
      {
        why: 'TLS over UDP',
        bytes: fromHex('15 0303 0002 02 28'),
      },
      {
        why: 'an empty record',
        bytes: fromHex('16 fefd 0000 000000000000 0000'),
      },
      {
        why: 'a certificate first',
        bytes: fromHex('16 fefd 0000 000000000000 000f 0b 000003 0000 000000 000003 000000'),
      },
    ],
  },
  {
    protocol: 'dtls',
    request: fromHex(CLIENT_HELLO),
    identity: [0, 0],
    accepted: [
      {
        of: 'GnuTLS 3.7.9, gnutls-serv (seen)',
        bytes: fromHex(
          '16 feff 0000 000000000000 001f 03 000013 0000 000000 000013 feff 10 d612455bd2f7afe0c272644eab427c4f',
        ),
        info: 'asks for a cookie',
      },
      {
        of: 'a server that has none of the suites',
        bytes: fromHex('15 fefd 0000 000000000000 0002 02 28'),
        info: 'alert handshake_failure',
      },
      {
        of: 'a server with an alert from the future',
        bytes: fromHex('15 feff 0000 000000000007 0002 01 c8'),
        info: 'alert 200',
      },
      {
        of: 'a server without cookies, first fragment of a long message',
        bytes: fromHex(`16 fefd 0000 000000000000 0034 02 000060 0000 000000 000028
          fefd ${SERVER_RANDOM} 02 abcd c02b 00`),
        info: 'v1.2, cipher suite 0xc02b',
      },
    ],
    rejected: [
      { why: 'an alert of level 3', bytes: fromHex('15 fefd 0000 000000000000 0002 03 28') },
      {
        why: 'a session id of 33 bytes',
        bytes: fromHex(`16 fefd 0000 000000000000 0052 02 000046 0000 000000 000046
          fefd ${SERVER_RANDOM} 21 ${'00'.repeat(33)} c02b`),
      },
      {
        why: 'a hello of TLS 1.2',
        bytes: fromHex(`16 fefd 0000 000000000000 0034 02 000028 0000 000000 000028
          0303 ${SERVER_RANDOM} 02 abcd c02b 00`),
      },
    ],
  },
  {
    protocol: 'dtls',
    request: fromHex(CLIENT_HELLO),
    identity: [0, 0],
    openEnded: true,
    accepted: [
      {
        of: 'a server that sends its flight in one datagram',
        bytes: fromHex(`16 fefd 0000 000000000000 0034 02 000028 0000 000000 000028
          fefd ${SERVER_RANDOM} 02 abcd c0a8 00
          16 fefd 0000 000000000001 000c 0e 000000 0001 000000 000000`),
        info: 'v1.2, cipher suite 0xc0a8',
      },
    ],
    rejected: [],
  },
  {
    protocol: 'ipmi',
    request: fromHex(`${IPMI_SESSION} 09 20 18 c8 81 bc 38 8e 04 f9`),
    identity: [0, 0x3f],
    accepted: [
      {
        of: 'ipmi_sim of OpenIPMI 2.0.33 (seen)',
        bytes: fromHex(`${IPMI_SESSION} 10 81 1c 63 20 bc 38 00 01 97 06 03 000000 00 4b`),
        info: 'v2.0, authentication none MD2 MD5 password, null user names',
      },
      {
        of: 'a BMC of version 1.5 with anonymous login',
        bytes: fromHex(`${IPMI_SESSION} 10 81 1c 63 20 bc 38 00 01 00 01 00 000000 00 ea`),
        info: 'v1.5, anonymous login',
      },
      {
        of: 'a BMC that refuses',
        bytes: fromHex(`${IPMI_SESSION} 08 81 1c 63 20 bc 38 c1 2b`),
        info: 'completion code 0xc1',
      },
    ],
    rejected: [
      {
        why: 'a wrong checksum',
        bytes: fromHex(`${IPMI_SESSION} 10 81 1c 63 20 bc 38 00 01 97 06 03 000000 00 4c`),
      },
      {
        why: 'a refusal with data behind it',
        bytes: fromHex(`${IPMI_SESSION} 10 81 1c 63 20 bc 38 c1 01 97 06 03 000000 00 8a`),
      },
      {
        why: 'a presence pong',
        bytes: fromHex(`06 00 ff 06 000011be 40 ef 00 10 ${'00'.repeat(16)}`),
      },
    ],
  },
  {
    protocol: 'snmp',
    kind: snmpWithCommunity('labread', 'v2c'),
    request: fromHex(`30 2a 02 01 01 04 07 'labread' a0 1c 02 04 49abcdef 02 01 00 02 01 00
      30 0e 30 0c ${SYS_DESCR} 05 00`),
    identity: [0, 0x3fffffff],
    accepted: [
      {
        of: 'net-snmp 5.9.3 (seen)',
        bytes: fromHex(`30 33 02 01 01 04 07 'labread' a2 25 02 04 49abcdef 02 01 00 02 01 00
          30 17 30 15 ${SYS_DESCR} 04 09 'Lab agent'`),
        info: 'SNMPv2c, Lab agent',
      },
      {
        of: 'an agent without a description',
        bytes: fromHex(`30 2a 02 01 01 04 07 'labread' a2 1c 02 04 49abcdef 02 01 00 02 01 00
          30 0e 30 0c ${SYS_DESCR} 80 00`),
        info: 'SNMPv2c, no description',
      },
      {
        of: 'an agent that does not allow it',
        bytes: fromHex(`30 2a 02 01 01 04 07 'labread' a2 1c 02 04 49abcdef 02 01 10 02 01 01
          30 0e 30 0c ${SYS_DESCR} 05 00`),
        info: 'SNMPv2c, error 16',
      },
    ],
    rejected: [
      {
        why: 'another community',
        bytes: fromHex(`30 33 02 01 01 04 07 'labreed' a2 25 02 04 49abcdef 02 01 00 02 01 00
          30 17 30 15 ${SYS_DESCR} 04 09 'Lab agent'`),
      },
      {
        why: 'the other version',
        bytes: fromHex(`30 33 02 01 00 04 07 'labread' a2 25 02 04 49abcdef 02 01 00 02 01 00
          30 17 30 15 ${SYS_DESCR} 04 09 'Lab agent'`),
      },
      {
        why: 'another object',
        bytes: fromHex(`30 33 02 01 01 04 07 'labread' a2 25 02 04 49abcdef 02 01 00 02 01 00
          30 17 30 15 06 08 2b06010201010200 04 09 'Lab agent'`),
      },
    ],
  },
  {
    protocol: 'snmp',
    kind: snmpWithCommunity('labread', 'v1'),
    request: fromHex(`30 2a 02 01 00 04 07 'labread' a0 1c 02 04 49abcdef 02 01 00 02 01 00
      30 0e 30 0c ${SYS_DESCR} 05 00`),
    identity: [0, 0x3fffffff],
    accepted: [
      {
        of: 'net-snmp 5.9.3 (seen)',
        bytes: fromHex(`30 33 02 01 00 04 07 'labread' a2 25 02 04 49abcdef 02 01 00 02 01 00
          30 17 30 15 ${SYS_DESCR} 04 09 'Lab agent'`),
        info: 'SNMPv1, Lab agent',
      },
      {
        of: 'an agent without the object',
        bytes: fromHex(`30 2a 02 01 00 04 07 'labread' a2 1c 02 04 49abcdef 02 01 02 02 01 01
          30 0e 30 0c ${SYS_DESCR} 05 00`),
        info: 'SNMPv1, noSuchName',
      },
    ],
    rejected: [],
  },
  {
    protocol: 'snmp',
    kind: snmpWithCommunity('c'.repeat(COMMUNITY_MAX_LENGTH), 'v2c'),
    request:
      fromHex(`30 820125 02 01 01 04 820100 ${'63'.repeat(256)} a0 1c 02 04 49abcdef 02 01 00 02 01 00
      30 0e 30 0c ${SYS_DESCR} 05 00`),
    identity: [0, 0x3fffffff],
    accepted: [],
    rejected: [],
  },
];
