/**
 * Well-known UDP ports that get the generic payload although their protocol is known, and why: either nobody without
 * a key is answered, or the answer does not come to the one who asked, or asking would write something down or change
 * it.
 */

/** A protocol without a request of its own. */
interface NotAsked {
  readonly protocol: string;
  readonly ports: readonly number[];
  readonly source: string;
  readonly why: string;
}

/** Protocols that no kind speaks; silence on their ports says nothing about the service. */
export const NOT_ASKED: readonly NotAsked[] = [
  {
    protocol: 'wireguard',
    ports: [51820],
    source: 'WireGuard whitepaper sections 5.1 and 5.4.4',
    why: 'answers only those who know its public key: the first message is dropped unless its MAC was made with it',
  },
  {
    protocol: 'radius',
    ports: [1812, 1813],
    source: 'RFC 5997 sections 3 and 4.2; RFC 2865 section 3',
    why: 'answers known clients alone, a Status-Server only under the shared secret; an Access-Request tries a credential',
  },
  {
    protocol: 'dhcp',
    ports: [67, 68, 546, 547],
    source: 'RFC 2131 section 4.1; RFC 8415 section 7.2',
    why: 'answers to the fixed client port and not to the one that asked; a DISCOVER reserves an address',
  },
  {
    protocol: 'snmp-trap',
    ports: [162],
    source: 'RFC 3416 sections 4.2.6 and 4.2.7',
    why: 'answers no trap; an inform would be answered, and be written down as an event',
  },
  {
    protocol: 'bfd',
    ports: [3784],
    source: 'RFC 5880 section 6.8.6; RFC 5881 section 5',
    why: 'drops what belongs to no session of its own, or was routed',
  },
  {
    protocol: 'ptp',
    ports: [319, 320],
    source: 'IEEE 1588-2019 annexes C and D',
    why: 'answers to the ports of the protocol and not to the one that asked, most often to a group',
  },
  {
    protocol: 'tunnel',
    ports: [4789, 6081],
    source: 'RFC 7348 section 4; RFC 8926 section 3',
    why: 'VXLAN and Geneve carry frames of others and have no messages of their own',
  },
  {
    protocol: 'telemetry',
    ports: [2055, 6343],
    source: 'RFC 3954 section 3; sFlow version 5 section 3',
    why: 'NetFlow and sFlow collectors never answer, and write down what they are sent',
  },
  {
    protocol: 'llmnr',
    ports: [5355],
    source: 'RFC 4795 section 2.3',
    why: 'answers only who asks for a name of the host itself, which is not known',
  },
  {
    protocol: 'undocumented',
    ports: [3283, 10001],
    source: 'none',
    why: 'Apple Remote Desktop and Ubiquiti discovery have no public specification',
  },
];
