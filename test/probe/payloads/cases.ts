/**
 * One case for each kind: its request for the token of caseShape.ts, genuine answers to it, and answers that are not.
 * Answers marked "seen" were given by the named server and are shown with this token and neutral names.
 */
import { fromHex, fromLines } from './bytes.ts';
import type { PayloadCase } from './caseShape.ts';
import { DIRECTORY_CASES } from './directoryCases.ts';
import { NETWORK_CASES } from './networkCases.ts';
import { SECURITY_CASES } from './securityCases.ts';

const DNS_QUESTION = "02 'id' 06 'server' 00 0010 0003";
const MDNS_QUESTION = "09 '_services' 07 '_dns-sd' 04 '_udp' 05 'local' 00 000c 8001";
const NBNS_NAME = `20 'CK${'A'.repeat(30)}' 00`;
const NTP_TAIL = 'eeaaaf45b31edf41 eeaaaf45b327494e';
const SNMP_ENGINE = '8000 1f88 80 cf76b070bc30006b 00000000';
const STUN_ID = '2112a442 f1234567 89abcdef 04cac8e3';

export const CASES: readonly PayloadCase[] = [
  {
    protocol: 'dns',
    request: fromHex(`cdef 0000 0001 0000 0000 0000 ${DNS_QUESTION}`),
    identity: [0, 0xffff],
    accepted: [
      {
        of: 'dnsmasq 2.90 (seen)',
        bytes: fromHex(`cdef 8084 0001 0000 0000 0000 ${DNS_QUESTION}`),
        info: 'NOTIMP, recursion available',
      },
      {
        of: 'unbound 1.17 (seen)',
        bytes: fromHex(
          `cdef 8080 0001 0001 0000 0000 ${DNS_QUESTION} c00c 0010 0003 00000000 0004 03 'ns1'`,
        ),
        info: 'NOERROR, recursion available, id ns1',
      },
      {
        of: 'unbound 1.17 that refuses with a bare header (seen)',
        bytes: fromHex('cdef 8005 0000 0000 0000 0000'),
        info: 'REFUSED',
      },
      {
        of: 'BIND 9.18 (seen)',
        bytes: fromHex(`cdef 8400 0001 0000 0001 0000 ${DNS_QUESTION}
          c00c 0006 0003 00015180 0023 c00c 0a 'hostmaster' c00c 00000000 00007080 00001c20 00093a80 00015180`),
        info: 'NOERROR, authoritative',
      },
      {
        of: 'a server that writes the question in capitals and an escape into its id',
        bytes: fromHex(
          `cdef 8781 0001 0001 0000 0000 02 'ID' 06 'SERVER' 00 0010 0003 c00c 0010 0003 00000000 0005 04 'a' 1b 5c 'b'`,
        ),
        info: 'FORMERR, authoritative, truncated, recursion available, id a\\x1b\\x5cb',
      },
      {
        of: 'a server with an RCODE from the future',
        bytes: fromHex(`cdef 800f 0001 0000 0000 0000 ${DNS_QUESTION}`),
        info: 'RCODE 15',
      },
    ],
    rejected: [
      { why: 'QR clear', bytes: fromHex(`cdef 0084 0001 0000 0000 0000 ${DNS_QUESTION}`) },
      { why: 'other opcode', bytes: fromHex(`cdef 9084 0001 0000 0000 0000 ${DNS_QUESTION}`) },
      {
        why: 'other type asked',
        bytes: fromHex("cdef 8084 0001 0000 0000 0000 02 'id' 06 'server' 00 0001 0003"),
      },
      {
        why: 'other class asked',
        bytes: fromHex("cdef 8084 0001 0000 0000 0000 02 'id' 06 'server' 00 0010 0001"),
      },
      {
        why: 'other name asked',
        bytes: fromHex("cdef 8084 0001 0000 0000 0000 02 'ie' 06 'server' 00 0010 0003"),
      },
      { why: 'bare header without error', bytes: fromHex('cdef 8080 0000 0000 0000 0000') },
      {
        why: 'bytes left over',
        bytes: fromHex(`cdef 8084 0001 0000 0000 0000 ${DNS_QUESTION} 00`),
      },
      {
        why: 'name that points at itself',
        bytes: fromHex('cdef 8084 0001 0000 0000 0000 c00c 0010 0003'),
      },
      {
        why: 'counts that promise more than there is',
        bytes: fromHex(`cdef 8084 0001 ffff ffff ffff ${DNS_QUESTION}`),
      },
    ],
  },
  {
    protocol: 'tftp',
    request: fromHex("0001 'pu-probe-f123456789abcdef' 00 'octet' 00"),
    identity: [0, 0],
    accepted: [
      {
        of: 'tftpd-hpa 5.2 (seen)',
        bytes: fromHex("0005 0001 'File not found' 00"),
        info: 'error 1 File not found',
      },
      {
        of: 'dnsmasq 2.90 (seen)',
        bytes: fromHex("0005 0001 'file /srv/pu-probe-f123456789abcdef not found for 10.0.0.1' 00"),
        info: 'error 1 file /srv/pu-probe-f123456789abcdef not found for 10.0.0.1',
      },
      { of: 'a terse server', bytes: fromHex('0005 0002 00'), info: 'error 2' },
    ],
    rejected: [
      { why: 'unknown error code', bytes: fromHex("0005 0009 'x' 00") },
      { why: 'text without its zero', bytes: fromHex("0005 0001 'File not found'") },
      { why: 'bytes behind the zero', bytes: fromHex("0005 0001 'File' 00 'x' 00") },
      { why: 'data that is not the first block', bytes: fromHex("0003 0002 'x'") },
      { why: 'a block of 513 bytes', bytes: fromHex(`0003 0001 ${'00'.repeat(513)}`) },
      { why: 'an acknowledgement', bytes: fromHex('0004 0000') },
    ],
  },
  {
    protocol: 'tftp',
    request: fromHex("0001 'pu-probe-f123456789abcdef' 00 'octet' 00"),
    identity: [0, 0],
    openEnded: true,
    accepted: [
      {
        of: 'a server that makes up every file',
        bytes: fromHex("0003 0001 'hello'"),
        info: 'serves a file of any name',
      },
    ],
    rejected: [],
  },
  {
    protocol: 'ntp',
    request: fromHex(`23 00 00 00 00000000 00000000 00000000 ${'00'.repeat(24)} f1234567 89abcdef`),
    identity: [0xffffffff, 0xffffffff],
    accepted: [
      {
        of: 'chrony 4.3 with a local clock (seen)',
        bytes: fromHex(
          `24 08 00 e6 00000000 00000000 7f7f0101 eeaaaf440eaaa208 f123456789abcdef ${NTP_TAIL}`,
        ),
        info: 'v4 server, stratum 8, refid 127.127.1.1',
      },
      {
        of: 'a primary server',
        bytes: fromHex(
          `1c 01 00 e9 00000000 00000010 'GPS' 00 eeaaaf440eaaa208 f123456789abcdef ${NTP_TAIL}`,
        ),
        info: 'v3 server, stratum 1, refid GPS',
      },
      {
        of: 'a server that asks for less',
        bytes: fromHex(
          `e4 00 00 00 00000000 00000000 'RATE' 0000000000000000 f123456789abcdef ${NTP_TAIL}`,
        ),
        info: 'v4 server, unsynchronised, kiss code RATE',
      },
      {
        of: 'a server without a clock',
        bytes: fromHex(
          `e4 10 00 00 00000000 00000000 'INIT' 0000000000000000 f123456789abcdef ${NTP_TAIL}`,
        ),
        info: 'v4 server, stratum 16, refid INIT, unsynchronised',
      },
      {
        of: 'a server that says nothing about itself',
        bytes: fromHex(
          `24 00 00 00 00000000 00000000 00000000 0000000000000000 f123456789abcdef ${NTP_TAIL}`,
        ),
        info: 'v4 server, stratum 0',
      },
    ],
    rejected: [
      {
        why: 'a client packet',
        bytes: fromHex(
          `23 08 00 e6 00000000 00000000 7f7f0101 eeaaaf440eaaa208 f123456789abcdef ${NTP_TAIL}`,
        ),
      },
      {
        why: 'version 5',
        bytes: fromHex(
          `2c 08 00 e6 00000000 00000000 7f7f0101 eeaaaf440eaaa208 f123456789abcdef ${NTP_TAIL}`,
        ),
      },
      {
        why: 'a broadcast, which has no origin',
        bytes: fromHex(
          `25 08 00 e6 00000000 00000000 7f7f0101 eeaaaf440eaaa208 0000000000000000 ${NTP_TAIL}`,
        ),
      },
      {
        why: 'half a word more',
        bytes: fromHex(
          `24 08 00 e6 00000000 00000000 7f7f0101 eeaaaf440eaaa208 f123456789abcdef ${NTP_TAIL} 0000`,
        ),
      },
    ],
  },
  {
    protocol: 'netbios-ns',
    request: fromHex(`cdef 0000 0001 0000 0000 0000 ${NBNS_NAME} 0021 0001`),
    identity: [0, 0xffff],
    accepted: [
      {
        of: 'Samba 4.17 (seen)',
        bytes: fromHex(`cdef 8400 0000 0001 0000 0000 ${NBNS_NAME} 0021 0001 00000000 0089 05
          'LABHOST        ' 00 0400  'LABHOST        ' 03 0400  'LABHOST        ' 20 0400
          'LABGROUP       ' 00 8400  'LABGROUP       ' 1e 8400
          000000000000 ${'00'.repeat(40)}`),
        info: 'name LABHOST, workgroup LABGROUP',
      },
      {
        of: 'a host with a MAC address and no group',
        bytes: fromHex(`cdef 8400 0000 0001 0000 0000 ${NBNS_NAME} 0021 0001 00000000 0041 01
          'PRINTER' 07 '       ' 00 0400  0050569a0b0c ${'00'.repeat(40)}`),
        info: 'name PRINTER\\x07, MAC 00:50:56:9a:0b:0c',
      },
    ],
    rejected: [
      {
        why: 'more names than bytes',
        bytes: fromHex(`cdef 8400 0000 0001 0000 0000 ${NBNS_NAME} 0021 0001 00000000 0041 04
          'PRINTER        ' 00 0400  0050569a0b0c ${'00'.repeat(40)}`),
      },
      {
        why: 'an empty table',
        bytes: fromHex(`cdef 8400 0000 0001 0000 0000 ${NBNS_NAME} 0021 0001 00000000 0000`),
      },
      {
        why: 'a name query response',
        bytes: fromHex(
          `cdef 8500 0000 0001 0000 0000 ${NBNS_NAME} 0020 0001 00000000 0006 0000 0a000001`,
        ),
      },
      { why: 'no record', bytes: fromHex('cdef 8400 0000 0000 0000 0000') },
    ],
  },
  {
    protocol: 'snmp',
    request: fromHex(`30 3e 02 01 03
      30 11 02 04 49abcdef 02 03 00ffe3 04 01 04 02 01 03
      04 10 30 0e 04 00 02 01 00 02 01 00 04 00 04 00 04 00
      30 14 04 00 04 00 a0 0e 02 04 71234567 02 01 00 02 01 00 30 00`),
    identity: [0, 0x3fffffff],
    accepted: [
      {
        of: 'net-snmp 5.9.3 (seen)',
        bytes: fromHex(`30 71 02 01 03
          30 11 02 04 49abcdef 02 03 00ffe3 04 01 00 02 01 03
          04 21 30 1f 04 11 ${SNMP_ENGINE} 02 01 01 02 01 09 04 00 04 00 04 00
          30 36 04 11 ${SNMP_ENGINE} 04 00 a8 1f 02 04 71234567 02 01 00 02 01 00
          30 11 30 0f 06 0a 2b060106030f01010400 41 01 01`),
        info: 'SNMPv3, enterprise 8072 (net-snmp), boots 1, engine time 9 s',
      },
      {
        of: 'an agent that names its engine by MAC address, with long-form lengths',
        bytes: fromHex(`30 81 69 02 01 03
          30 11 02 04 49abcdef 02 03 00ffe3 04 01 00 02 01 03
          04 82 001d 30 1b 04 0b 80000009 03 0050569a0b0c 02 01 07 02 01 00 04 00 04 02 0000 04 00
          30 30 04 0b 80000009 03 0050569a0b0c 04 00 a8 1f 02 04 71234567 02 01 00 02 01 00
          30 11 30 0f 06 0a 2b060106030f01010400 41 01 01`),
        info: 'SNMPv3, enterprise 9 (Cisco), engine 00:50:56:9a:0b:0c, boots 7, engine time 0 s',
      },
    ],
    rejected: [
      {
        why: 'a response in the place of the report',
        bytes: fromHex(`30 43 02 01 03
          30 11 02 04 49abcdef 02 03 00ffe3 04 01 00 02 01 03
          04 15 30 13 04 05 8000000904 02 01 07 02 01 00 04 00 04 00 04 00
          30 14 04 00 04 00 a2 0e 02 04 71234567 02 01 00 02 01 00 30 00`),
      },
      {
        why: 'version 2c',
        bytes: fromHex(
          '30 1c 02 01 01 04 00 a2 15 02 04 49abcdef 02 01 00 02 01 00 30 07 30 05 06 01 2b 05 00',
        ),
      },
      { why: 'a length without end', bytes: fromHex('30 80 02 01 03 00 00') },
      { why: 'a length of four bytes', bytes: fromHex('30 84 ffffffff 02 01 03') },
    ],
  },
  {
    protocol: 'quic',
    request: fromHex(
      `c0 1a2a3a4a 08 f123456789abcdef 08 0edcba9876543210 ${'00'.repeat(1200 - 23)}`,
    ),
    identity: [0xffffffff, 0xffffffff],
    openEnded: true,
    accepted: [
      {
        of: 'ngtcp2 0.12 (seen)',
        bytes: fromHex('fd 00000000 08 0edcba9876543210 08 f123456789abcdef 3a6a1aba 00000001'),
        info: 'v1',
      },
      {
        of: 'a server with many versions',
        bytes: fromHex(
          '80 00000000 08 0edcba9876543210 08 f123456789abcdef 6b3343cf 00000001 ff00001d 51303530 8a8a8a8a',
        ),
        info: 'v2, v1, draft-29, 0x51303530',
      },
      {
        of: 'a server that offers reserved versions alone',
        bytes: fromHex('80 00000000 08 0edcba9876543210 08 f123456789abcdef 8a8a8a8a'),
        info: 'no version',
      },
    ],
    rejected: [
      {
        why: 'ids not swapped',
        bytes: fromHex('80 00000000 08 f123456789abcdef 08 0edcba9876543210 00000001'),
      },
      { why: 'no version', bytes: fromHex('80 00000000 08 0edcba9876543210 08 f123456789abcdef') },
      {
        why: 'half a version',
        bytes: fromHex('80 00000000 08 0edcba9876543210 08 f123456789abcdef 00000001 0000'),
      },
      {
        why: 'a short header',
        bytes: fromHex('40 00000000 08 0edcba9876543210 08 f123456789abcdef 00000001'),
      },
      {
        why: 'a version of its own',
        bytes: fromHex('c0 00000001 08 0edcba9876543210 08 f123456789abcdef 00000001'),
      },
    ],
  },
  {
    protocol: 'ssdp',
    request: fromLines(
      'M-SEARCH * HTTP/1.1',
      'HOST: 239.255.255.250:1900',
      'MAN: "ssdp:discover"',
      'MX: 1',
      'ST: upnp:rootdevice',
      '',
    ),
    identity: [0, 0],
    accepted: [
      {
        of: 'MiniUPnPd 2.3.1 (seen)',
        bytes: fromLines(
          'HTTP/1.1 200 OK',
          'CACHE-CONTROL: max-age=120',
          'ST: upnp:rootdevice',
          'USN: uuid:11111111-2222-3333-4444-555555555556::upnp:rootdevice',
          'EXT:',
          'SERVER: Debian/6.1 UPnP/1.1 MiniUPnPd/2.3.1',
          'LOCATION: http://10.0.0.2:5555/rootDesc.xml',
          'OPT: "http://schemas.upnp.org/upnp/1/0/"; ns=01',
          '01-NLS: 1795174779',
          '',
        ),
        info: 'Debian/6.1 UPnP/1.1 MiniUPnPd/2.3.1',
      },
      {
        of: 'a device without SERVER',
        bytes: fromLines('HTTP/1.1 200 OK', 'st:upnp:rootdevice', 'usn : uuid:\x1b[2J', ''),
        info: 'uuid:\\x1b[2J',
      },
    ],
    rejected: [
      {
        why: 'another search target',
        bytes: fromLines('HTTP/1.1 200 OK', 'ST: ssdp:all', 'USN: uuid:1', ''),
      },
      { why: 'no USN', bytes: fromLines('HTTP/1.1 200 OK', 'ST: upnp:rootdevice', '') },
      {
        why: 'an error',
        bytes: fromLines('HTTP/1.1 400 Bad Request', 'ST: upnp:rootdevice', 'USN: uuid:1', ''),
      },
      {
        why: 'a notification',
        bytes: fromLines('NOTIFY * HTTP/1.1', 'ST: upnp:rootdevice', 'USN: uuid:1', ''),
      },
      {
        why: 'a line that is no header',
        bytes: fromLines('HTTP/1.1 200 OK', 'ST: upnp:rootdevice', 'USN: uuid:1', 'hello', ''),
      },
      { why: 'a status line alone', bytes: fromLines('HTTP/1.1 200 OK', '') },
    ],
  },
  {
    protocol: 'stun',
    request: fromHex(`0001 0000 ${STUN_ID}`),
    identity: [0xffffffff, 0xffffffff],
    accepted: [
      {
        of: 'coturn 4.6.1 (seen)',
        bytes: fromHex(`0101 003c ${STUN_ID}
          0020 0008 00 01 cfe4 2b5fa443  0001 0008 00 01 eef6 0a4d0001
          802b 0008 00 01 0d96 0a4d0002  8022 0014 'Coturn-4.6.1 ' 27 'Gorst' 27`),
        info: "Coturn-4.6.1 'Gorst', sees us as 10.77.0.1:61174",
      },
      {
        of: 'coturn 4.6.1 over IPv6 (seen)',
        bytes: fromHex(`0101 0018 ${STUN_ID}
          0020 0014 00 02 2b23 dc65a442 f1234567 89abcdef 04cac8e2`),
        info: 'sees us as [fd77::1]:2609',
      },
      {
        of: 'a server from before XOR-MAPPED-ADDRESS',
        bytes: fromHex(`0101 000c ${STUN_ID} 0001 0008 00 01 d366 c0000201`),
        info: 'sees us as 192.0.2.1:54118',
      },
      {
        of: 'a server that wants credentials',
        bytes: fromHex(`0111 0014 ${STUN_ID} 0009 0010 0000 04 01 'Unauthorized'`),
        info: 'error 401 Unauthorized',
      },
    ],
    rejected: [
      { why: 'success without an address', bytes: fromHex(`0101 0000 ${STUN_ID}`) },
      { why: 'an error without a code', bytes: fromHex(`0111 0000 ${STUN_ID}`) },
      {
        why: 'an indication',
        bytes: fromHex(`0011 000c ${STUN_ID} 0001 0008 00 01 d366 c0000201`),
      },
      {
        why: 'another cookie',
        bytes: fromHex(`0101 000c 2112a443 ${STUN_ID.slice(9)} 0001 0008 00 01 d366 c0000201`),
      },
      {
        why: 'an attribute beyond the end',
        bytes: fromHex(`0101 000c ${STUN_ID} 0001 000c 00 01 d366 c0000201`),
      },
      {
        why: 'an IPv4 address of the wrong length',
        bytes: fromHex(`0101 0008 ${STUN_ID} 0001 0004 00 01 d366`),
      },
    ],
  },
  {
    protocol: 'sip',
    request: fromLines(
      'OPTIONS sip:pu-probe.invalid SIP/2.0',
      'Via: SIP/2.0/UDP pu-probe.invalid;rport;branch=z9hG4bKf123456789abcdef',
      'Max-Forwards: 0',
      'From: <sip:pu-probe.invalid>;tag=1',
      'To: <sip:pu-probe.invalid>',
      'Call-ID: f123456789abcdef',
      'CSeq: 1 OPTIONS',
      'Accept: application/sdp',
      'Content-Length: 0',
      '',
    ),
    identity: [0xffffffff, 0xffffffff],
    accepted: [
      {
        of: 'Kamailio 5.6.3 (seen)',
        bytes: fromLines(
          'SIP/2.0 483 Too Many Hops',
          'Via: SIP/2.0/UDP pu-probe.invalid;rport=34265;branch=z9hG4bKf123456789abcdef;received=fd77::1',
          'From: <sip:pu-probe.invalid>;tag=1',
          'To: <sip:pu-probe.invalid>;tag=828b0f7b96f95bfe75d05b1670002d9a8.5c530000',
          'Call-ID: f123456789abcdef',
          'CSeq: 1 OPTIONS',
          'Server: kamailio (5.6.3 (x86_64/linux))',
          'Content-Length: 0',
          '',
        ),
        info: '483 Too Many Hops, kamailio (5.6.3 (x86_64/linux))',
      },
      {
        of: 'a telephone with compact and folded headers',
        bytes: fromLines(
          'SIP/2.0 200 OK',
          'v: SIP/2.0/UDP pu-probe.invalid;rport=5;',
          '\tBranch = z9hG4bKf123456789abcdef',
          'i: f123456789abcdef',
          'CSEQ: 1  OPTIONS',
          'User-Agent: phone\x07 1.0',
          '',
        ),
        info: '200 OK, phone\\x07 1.0',
      },
    ],
    rejected: [
      {
        why: 'another method',
        bytes: fromLines(
          'SIP/2.0 200 OK',
          'Via: SIP/2.0/UDP a;branch=z9hG4bKf123456789abcdef',
          'Call-ID: f123456789abcdef',
          'CSeq: 1 INVITE',
          '',
        ),
      },
      {
        why: 'two Vias',
        bytes: fromLines(
          'SIP/2.0 200 OK',
          'Via: SIP/2.0/UDP b;branch=z9hG4bK1',
          'Via: SIP/2.0/UDP a;branch=z9hG4bKf123456789abcdef',
          'Call-ID: f123456789abcdef',
          'CSeq: 1 OPTIONS',
          '',
        ),
      },
      {
        why: 'no Call-ID',
        bytes: fromLines(
          'SIP/2.0 200 OK',
          'Via: SIP/2.0/UDP a;branch=z9hG4bKf123456789abcdef',
          'CSeq: 1 OPTIONS',
          '',
        ),
      },
      {
        why: 'no such status',
        bytes: fromLines(
          'SIP/2.0 700 OK',
          'Via: SIP/2.0/UDP a;branch=z9hG4bKf123456789abcdef',
          'Call-ID: f123456789abcdef',
          'CSeq: 1 OPTIONS',
          '',
        ),
      },
    ],
  },
  {
    protocol: 'mdns',
    request: fromHex(`cdef 0000 0001 0000 0000 0000 ${MDNS_QUESTION}`),
    identity: [0, 0xffff],
    accepted: [
      {
        of: 'Avahi 0.8 (seen)',
        bytes: fromHex(`cdef 8400 0001 0001 0000 0000 ${MDNS_QUESTION}
          c00c 000c 0001 0000000a 0014 0c '_workstation' 04 '_tcp' c023`),
        info: '_workstation._tcp',
      },
      {
        of: 'a responder that does not echo the question',
        bytes: fromHex(`cdef 8400 0000 0002 0000 0000
          09 '_services' 07 '_dns-sd' 04 '_udp' 05 'local' 00 000c 8001 0000000a 000c 04 '_ipp' 04 '_tcp' c023
          c00c 000c 8001 0000000a 000c 04 '_a' 1b '[' 04 '_tcp' c023`),
        info: '_ipp._tcp, _a\\x1b[._tcp',
      },
      {
        of: 'a responder without services',
        bytes: fromHex(`cdef 8400 0001 0000 0000 0000 ${MDNS_QUESTION}`),
        info: 'no services',
      },
    ],
    rejected: [
      { why: 'an error', bytes: fromHex(`cdef 8405 0001 0000 0000 0000 ${MDNS_QUESTION}`) },
      { why: 'neither question nor answer', bytes: fromHex('cdef 8400 0000 0000 0000 0000') },
      {
        why: 'a name that outgrows its record',
        bytes: fromHex(`cdef 8400 0001 0001 0000 0000 ${MDNS_QUESTION}
          c00c 000c 0001 0000000a 0005 04 '_ipp'`),
      },
    ],
  },
  {
    protocol: 'coap',
    request: fromHex("48 01 f123 f123456789abcdef bb '.well-known' 04 'core' c1 02"),
    identity: [0xffffffff, 0xffffffff],
    openEnded: true,
    accepted: [
      {
        of: 'libcoap 4.3 (seen)',
        bytes: fromHex(
          `68 45 f123 f123456789abcdef 41 01 81 28 b1 0a 51 97 ff '</>;title="General Info";ct=0,</time>;if="clock";rt="ticks";titl'`,
        ),
        info: '2.05 Content, </>;title="General Info";ct=0,</time>;if="clock";rt="ticks";titl',
      },
      {
        of: 'a server that answers later, with its own message id',
        bytes: fromHex("58 84 1111 f123456789abcdef ff 'no'"),
        info: '4.04 Not Found, no',
      },
      {
        of: 'a server that knows no Block2, with long options',
        bytes: fromHex(`68 82 f123 f123456789abcdef dd 00 00 ${'61'.repeat(13)} e0 0100`),
        info: '4.02 Bad Option',
      },
    ],
    rejected: [
      { why: 'a request', bytes: fromHex('48 01 f123 f123456789abcdef') },
      { why: 'another message id', bytes: fromHex('68 45 f124 f123456789abcdef') },
      { why: 'no token', bytes: fromHex('60 45 f123') },
      { why: 'version 2', bytes: fromHex('a8 45 f123 f123456789abcdef') },
      { why: 'class 3', bytes: fromHex('68 60 f123 f123456789abcdef') },
      { why: 'a Reset with a code', bytes: fromHex('78 45 f123 f123456789abcdef') },
      { why: 'an option beyond the end', bytes: fromHex('68 45 f123 f123456789abcdef 43 01') },
      { why: 'reserved option length', bytes: fromHex('68 45 f123 f123456789abcdef 4f 01') },
      { why: 'a marker without payload', bytes: fromHex('68 45 f123 f123456789abcdef ff') },
    ],
  },
  {
    protocol: 'coap',
    request: fromHex("48 01 f123 f123456789abcdef bb '.well-known' 04 'core' c1 02"),
    identity: [0xffff0000, 0],
    accepted: [
      { of: 'a host that has no context', bytes: fromHex('70 00 f123'), info: 'reset' },
      { of: 'a slow server', bytes: fromHex('60 00 f123'), info: 'acknowledged' },
    ],
    rejected: [
      { why: 'a ping', bytes: fromHex('40 00 f123') },
      { why: 'an empty message with more bytes', bytes: fromHex('70 00 f123 00') },
      { why: 'an empty message with a token length', bytes: fromHex('71 00 f123') },
    ],
  },
  {
    protocol: 'memcached',
    request: fromHex("cdef 0000 0001 0000 'version' 0d0a"),
    identity: [0, 0xffff],
    accepted: [
      {
        of: 'memcached 1.6.18 (seen)',
        bytes: fromHex("cdef 0000 0001 0000 'VERSION 1.6.18' 0d0a"),
        info: 'VERSION 1.6.18',
      },
      {
        of: 'a stripped server',
        bytes: fromHex("cdef 0000 0001 0000 'ERROR' 0d0a"),
        info: 'ERROR',
      },
    ],
    rejected: [
      { why: 'a second datagram', bytes: fromHex("cdef 0001 0001 0000 'VERSION 1.6.18' 0d0a") },
      { why: 'one of two', bytes: fromHex("cdef 0000 0002 0000 'VERSION 1.6.18' 0d0a") },
      { why: 'a second line', bytes: fromHex("cdef 0000 0001 0000 'VERSION 1' 0d0a 'END' 0d0a") },
      {
        why: 'a long line',
        bytes: fromHex(`cdef 0000 0001 0000 'VERSION ${'1'.repeat(300)}' 0d0a`),
      },
    ],
  },
  ...DIRECTORY_CASES,
  ...SECURITY_CASES,
  ...NETWORK_CASES,
  { protocol: 'syslog', request: fromHex(''), identity: [0, 0], accepted: [], rejected: [] },
  { protocol: 'generic', request: fromHex('0a'), identity: [0, 0], accepted: [], rejected: [] },
];
