/**
 * Services that say where other services are, and who one is: rpcbind, CLDAP, Kerberos, SLP, XDMCP, WS-Discovery, SQL
 * Server Browser, game servers.
 */
import { fromHex, fromText } from './bytes.ts';
import type { PayloadCase } from './caseShape.ts';

const RPC_REPLY = '89abcdef 00000001';
const LDAP_ID = '02 04 49abcdef';
const LDAP_DONE = `30 0f ${LDAP_ID} 65 07 0a 01 00 04 00 04 00`;
const KRB_REALM = "1b 10 'PU-PROBE.INVALID'";
const KRB_CLIENT = "30 13 a0 03 02 01 01 a1 0c 30 0a 1b 08 'pu-probe'";
const KRB_SERVER = "30 23 a0 03 02 01 02 a1 1c 30 1a 1b 06 'krbtgt' 1b 10 'f123456789abcdef'";
/** Behind the times: code 6 (unknown client), then client and service as they were asked for. */
const KRB_TAIL = `a6 03 02 01 06 a7 12 ${KRB_REALM} a8 15 ${KRB_CLIENT} a9 12 ${KRB_REALM} aa 25 ${KRB_SERVER}`;
const SLP_HEADER = '0000 000000 cdef 0002 656e';

const XML = '<?xml version="1.0" encoding="utf-8"?>';
const WSD_SPACES = [
  'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"',
  'xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery"',
  'xmlns:wsdp="http://schemas.xmlsoap.org/ws/2006/02/devprof"',
].join(' ');
const WSD = 'http://schemas.xmlsoap.org/ws/2005/04/discovery';
const WSD_ID = 'urn:uuid:f1234567-0000-4000-8000-000089abcdef';
const WSD_BEGIN = `${XML}<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" ${WSD_SPACES}>`;
const WSD_ADDRESS = [
  '<wsa:EndpointReference><wsa:Address>urn:uuid:11111111-2222-3333-4444-555555555555',
  '</wsa:Address></wsa:EndpointReference>',
].join('');
const WSD_HEADER = [
  '<soap:Header><wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>',
  `<wsa:Action>${WSD}/ProbeMatches</wsa:Action>`,
  '<wsa:MessageID>urn:uuid:11111111-2222-3333-4444-555555555556</wsa:MessageID>',
  `<wsa:RelatesTo>${WSD_ID}</wsa:RelatesTo>`,
  '<wsd:AppSequence InstanceId="1795260148" MessageNumber="1" /></soap:Header>',
].join('');
const WSD_BODY = [
  `<soap:Body><wsd:ProbeMatches><wsd:ProbeMatch>${WSD_ADDRESS}`,
  '<wsd:Types>wsdp:Device pub:Computer</wsd:Types><wsd:MetadataVersion>1</wsd:MetadataVersion>',
  '</wsd:ProbeMatch></wsd:ProbeMatches></soap:Body></soap:Envelope>',
].join('');
const WSD_ANSWER = WSD_BEGIN + WSD_HEADER + WSD_BODY;

export const DIRECTORY_CASES: readonly PayloadCase[] = [
  {
    protocol: 'rpcbind',
    request: fromHex(`89abcdef 00000000 00000002 000186a0 00000002 00000000
      00000000 00000000 00000000 00000000`),
    identity: [0, 0xffffffff],
    accepted: [
      {
        of: 'rpcbind 1.2.6 (seen)',
        bytes: fromHex(`${RPC_REPLY} 00000000 00000000 00000000 00000000`),
        info: 'version 2',
      },
      {
        of: 'a port mapper with a verifier of five bytes, which speaks versions 3 and 4 alone',
        bytes: fromHex(
          `${RPC_REPLY} 00000000 00000001 00000005 0102030405 000000 00000002 00000003 00000004`,
        ),
        info: 'versions 3 to 4',
      },
      {
        of: 'a port mapper that is none',
        bytes: fromHex(`${RPC_REPLY} 00000000 00000000 00000000 00000001`),
        info: 'program not available',
      },
      {
        of: 'a server with another RPC version',
        bytes: fromHex(`${RPC_REPLY} 00000001 00000000 00000003 00000003`),
        info: 'RPC versions 3 to 3',
      },
      {
        of: 'a server that wants to know who asks',
        bytes: fromHex(`${RPC_REPLY} 00000001 00000001 00000005`),
        info: 'denied, authentication status 5',
      },
    ],
    rejected: [
      { why: 'bytes left over', bytes: fromHex(`${RPC_REPLY} ${'00000000 '.repeat(5)}`) },
      {
        why: 'an accept state that does not exist',
        bytes: fromHex(`${RPC_REPLY} 00000000 00000000 00000000 00000006`),
      },
      {
        why: 'a verifier of 404 bytes',
        bytes: fromHex(`${RPC_REPLY} 00000000 00000000 00000194 ${'00'.repeat(408)}`),
      },
      { why: 'a third reply state', bytes: fromHex(`${RPC_REPLY} 00000002 00000000 00000000`) },
    ],
  },
  {
    protocol: 'cldap',
    request: fromHex(`30 6a ${LDAP_ID} 63 62 04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00
      87 0b 'objectClass' 30 42 04 0b 'dnsHostName' 04 14 'defaultNamingContext' 04 0e 'namingContexts'
      04 0d 'vendorVersion'`),
    identity: [0, 0x3fffffff],
    accepted: [
      {
        of: 'Samba 4.17.12 as a domain controller (seen)',
        bytes: fromHex(`30 81f9 ${LDAP_ID} 64 81f0 04 00 30 81eb
          30 2b 04 14 'defaultNamingContext' 31 13 04 11 'DC=lab,DC=example'
          30 20 04 0b 'dnsHostName' 31 11 04 0f 'dc1.lab.example'
          30 77 04 0e 'namingContexts' 31 65 04 11 'DC=lab,DC=example'
          04 22 'CN=Configuration,DC=lab,DC=example' 04 2c 'CN=Schema,CN=Configuration,DC=lab,DC=example'
          30 21 04 0d 'vendorVersion' 31 10 04 0e '4.17.12-Debian' ${LDAP_DONE}`),
        info: 'domain DC=lab,DC=example, host dc1.lab.example, suffix DC=lab,DC=example, version 4.17.12-Debian',
      },
      {
        of: 'a server that writes lengths of four bytes and knows the attributes by other capitals',
        bytes: fromHex(`30 84 0000003a ${LDAP_ID} 64 84 0000002e 04 00 30 84 00000026
          30 84 00000016 04 0b 'DNSHOSTNAME' 31 84 00000003 04 01 'a' 30 84 00000004 04 00 31 00
          30 84 00000011 ${LDAP_ID} 65 07 0a 01 00 04 00 04 00 a0 00`),
        info: 'host a',
      },
      { of: 'a server that shows nothing', bytes: fromHex(LDAP_DONE), info: 'no attributes' },
      {
        of: 'a server that refuses',
        bytes: fromHex(`30 0f ${LDAP_ID} 65 07 0a 01 35 04 00 04 00`),
        info: 'unwilling to perform',
      },
    ],
    rejected: [
      {
        why: 'an entry without a result behind it',
        bytes: fromHex(`30 0c ${LDAP_ID} 64 04 04 00 30 00`),
      },
      { why: 'a bind response', bytes: fromHex(`30 0f ${LDAP_ID} 61 07 0a 01 00 04 00 04 00`) },
      { why: 'a negative result', bytes: fromHex(`30 0f ${LDAP_ID} 65 07 0a 01 ff 04 00 04 00`) },
      {
        why: 'a value that is no list',
        bytes: fromHex(`30 13 ${LDAP_ID} 64 0b 04 00 30 07 30 05 04 01 'a' 04 00 ${LDAP_DONE}`),
      },
      { why: 'no parts', bytes: fromHex('30 00') },
    ],
  },
  {
    protocol: 'kerberos',
    request: fromHex(`6a 8193 30 8190 a1 03 02 01 05 a2 03 02 01 0a a4 8183 30 8180
      a0 07 03 05 00 00000000 a1 15 ${KRB_CLIENT} a2 12 ${KRB_REALM} a3 25 ${KRB_SERVER}
      a5 11 18 0f '20370913024805Z' a7 06 02 04 49abcdef a8 08 30 06 02 01 12 02 01 11`),
    identity: [0xffffffff, 0xffffffff],
    accepted: [
      {
        of: 'MIT krb5kdc 1.20.1 (seen)',
        bytes: fromHex(`7e 81a6 30 81a3 a0 03 02 01 05 a1 03 02 01 1e
          a4 11 18 0f '20261121110040Z' a5 05 02 03 07b61e ${KRB_TAIL} ab 12 1b 10 'CLIENT_NOT_FOUND'`),
        info: 'KDC_ERR_C_PRINCIPAL_UNKNOWN, CLIENT_NOT_FOUND',
      },
      {
        of: 'the Heimdal KDC in Samba 4.17.12 (seen)',
        bytes: fromHex(`7e 8192 30 818f a0 03 02 01 05 a1 03 02 01 1e
          a4 11 18 0f '20261121111139Z' a5 05 02 03 0ecc08 ${KRB_TAIL}`),
        info: 'KDC_ERR_C_PRINCIPAL_UNKNOWN',
      },
      {
        of: 'a KDC that names its own realm and no client, with a code from the future',
        bytes:
          fromHex(`7e 57 30 55 a0 03 02 01 05 a1 03 02 01 1e a4 11 18 0f '20261121111139Z' a5 03 02 01 00
          a6 03 02 01 63 a9 05 1b 03 'LAB' aa 25 ${KRB_SERVER}`),
        info: 'error 99, realm LAB',
      },
    ],
    rejected: [
      {
        why: 'another service',
        bytes:
          fromHex(`7e 57 30 55 a0 03 02 01 05 a1 03 02 01 1e a4 11 18 0f '20261121111139Z' a5 03 02 01 00
          a6 03 02 01 44 a9 05 1b 03 'LAB' aa 25 ${KRB_SERVER.replace('krbtgt', 'KRBTGT')}`),
      },
      {
        why: 'another message type',
        bytes:
          fromHex(`7e 57 30 55 a0 03 02 01 05 a1 03 02 01 0b a4 11 18 0f '20261121111139Z' a5 03 02 01 00
          a6 03 02 01 44 a9 05 1b 03 'LAB' aa 25 ${KRB_SERVER}`),
      },
      { why: 'an error without fields', bytes: fromHex('7e 02 30 00') },
    ],
  },
  {
    protocol: 'slp',
    request: fromHex("02 09 00001d 0000 000000 cdef 0002 'en' 0000 ffff 0007 'DEFAULT'"),
    identity: [0, 0xffff],
    accepted: [
      {
        of: 'a service agent with two types (RFC 2608 section 10.2)',
        bytes: fromHex(`02 0a 000033 ${SLP_HEADER} 0000 001f 'service:wbem:https,service:http'`),
        info: 'service:wbem:https,service:http',
      },
      {
        of: 'a directory agent without registrations',
        bytes: fromHex(`02 0a 000014 ${SLP_HEADER} 0000 0000`),
        info: 'no services',
      },
      {
        of: 'an agent of another scope, whose message ends with the error',
        bytes: fromHex(`02 0a 000012 ${SLP_HEADER} 0004`),
        info: 'SCOPE_NOT_SUPPORTED',
      },
    ],
    rejected: [
      { why: 'a service reply', bytes: fromHex(`02 02 000014 ${SLP_HEADER} 0000 0000`) },
      { why: 'version 1', bytes: fromHex(`01 0a 000014 ${SLP_HEADER} 0000 0000`) },
      { why: 'a list beyond the end', bytes: fromHex(`02 0a 000014 ${SLP_HEADER} 0000 0001`) },
      {
        why: 'a language beyond the end',
        bytes: fromHex('02 0a 000012 0000 000000 cdef ffff 656e 0000'),
      },
    ],
  },
  {
    protocol: 'xdmcp',
    request: fromHex('0001 0002 0001 00'),
    identity: [0, 0],
    accepted: [
      {
        of: 'xdm 1.1.11 (seen)',
        bytes: fromHex("0001 0005 001a 0000 0003 'lab' 0011 'Willing to manage'"),
        info: 'willing, host lab, Willing to manage',
      },
      {
        of: 'a host that does not want',
        bytes: fromHex("0001 0006 000b 0003 'lab' 0004 'b' 1b 'sy'"),
        info: 'unwilling, host lab, b\\x1bsy',
      },
    ],
    rejected: [
      { why: 'a request', bytes: fromHex("0001 0007 000b 0003 'lab' 0004 'busy'") },
      { why: 'a string too many', bytes: fromHex("0001 0006 000d 0003 'lab' 0004 'busy' 0000") },
      { why: 'version 2', bytes: fromHex("0002 0006 000b 0003 'lab' 0004 'busy'") },
    ],
  },
  {
    protocol: 'ws-discovery',
    request: fromText(
      `${XML}<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" `,
      `${WSD_SPACES.replaceAll('wsa', 'a').replace('wsd=', 'd=')}>`,
      `<s:Header><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To><a:Action>${WSD}/Probe</a:Action>`,
      `<a:MessageID>${WSD_ID}</a:MessageID></s:Header>`,
      '<s:Body><d:Probe><d:Types>wsdp:Device</d:Types></d:Probe></s:Body></s:Envelope>',
    ),
    identity: [0xffffffff, 0xffffffff],
    accepted: [
      {
        of: 'wsdd 0.7.0, which it gives to the group alone (seen)',
        bytes: fromText(WSD_ANSWER),
        info: 'wsdp:Device pub:Computer',
      },
      {
        of: 'a device that tells no types, in capitals and without prefixes',
        bytes: fromText(
          '<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Header>',
          `<Action mustUnderstand="1"> ${WSD}/ProbeMatches </Action>`,
          `<RelatesTo>${WSD_ID.toUpperCase().replace('URN:UUID', 'urn:uuid')}</RelatesTo></Header>`,
          '<Body><ProbeMatches/></Body></Envelope>',
        ),
        info: 'no types',
      },
    ],
    rejected: [
      { why: 'a hello', bytes: fromText(WSD_ANSWER.replace('ProbeMatches<', 'Hello<')) },
      {
        why: 'nothing that it relates to',
        bytes: fromText(WSD_ANSWER.replaceAll('RelatesTo', 'Ref')),
      },
      { why: 'another envelope', bytes: fromText(WSD_ANSWER.replaceAll('Envelope', 'Html')) },
      { why: 'bytes before it', bytes: fromText('GET / ', WSD_ANSWER) },
      {
        why: 'more than 32 KiB',
        bytes: fromText(WSD_BEGIN, ' '.repeat(32_768), WSD_HEADER, WSD_BODY),
      },
    ],
  },
  {
    protocol: 'mssql-browser',
    request: fromHex('03'),
    identity: [0, 0],
    accepted: [
      {
        of: 'a server with two instances ([MC-SQLR] section 4)',
        bytes: fromHex(`05 9700
          'ServerName;DB1;InstanceName;DEV;IsClustered;No;Version;16.0.1000.6;np;;;'
          'ServerName;DB1;InstanceName;STD;IsClustered;No;Version;9.00.1399.06;tcp;57137;;'`),
        info: 'DB1, DEV 16.0.1000.6, STD 9.00.1399.06 port 57137',
      },
    ],
    rejected: [
      { why: 'an empty list', bytes: fromHex('05 0000') },
      { why: 'another first word', bytes: fromHex("05 0900 'Server;;;'") },
      { why: 'a name without value', bytes: fromHex("05 1000 'ServerName;a;b;;'") },
    ],
  },
  {
    protocol: 'a2s',
    request: fromHex("ffffffff 'TSource Engine Query' 00"),
    identity: [0, 0],
    accepted: [
      {
        of: 'a server that asks back first (Valve, Server queries)',
        bytes: fromHex('ffffffff 41 0bb1fad1'),
        info: 'challenge',
      },
    ],
    rejected: [
      { why: 'a list of players', bytes: fromHex('ffffffff 44 00') },
      { why: 'a part of a split answer', bytes: fromHex('feffffff 41 0bb1fad1') },
      { why: 'three names', bytes: fromHex("ffffffff 49 11 'a' 00 'b' 00 'c' 00 'd'") },
    ],
  },
  {
    protocol: 'a2s',
    request: fromHex("ffffffff 'TSource Engine Query' 00"),
    identity: [0, 0],
    openEnded: true,
    accepted: [
      {
        of: 'a server that describes itself (Valve, Server queries)',
        bytes: fromHex(`ffffffff 49 11 'lab' 07 00 'cp_dustbowl' 00 'tf' 00 'Team Fortress' 00
          b801 00 18 00 'd' 'l' 00 01 '1.0' 00`),
        info: 'lab\\x07, map cp_dustbowl, game Team Fortress',
      },
    ],
    rejected: [],
  },
];
