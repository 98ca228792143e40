import type { Protocol } from '../model.ts';

/**
 * Names of services as users type and read them: `name port protocols`, one entry a word triple; `t` TCP, `u` UDP.
 *
 * Numbers are the assignments of the IANA Service Name and Transport Protocol Port Number Registry, and where a
 * product has no assignment the port that its own documentation gives. The first name of a port is the one shown.
 */
const NAMES = `
echo 7 tu discard 9 tu systat 11 t daytime 13 tu qotd 17 tu chargen 19 tu ftp-data 20 t ftp 21 t ssh 22 t telnet 23 t
smtp 25 t time 37 tu whois 43 t tacacs 49 tu domain 53 tu dns 53 tu bootps 67 u dhcps 67 u bootpc 68 u dhcpc 68 u
tftp 69 u gopher 70 t finger 79 t http 80 tu kerberos 88 tu pop2 109 t pop3 110 t sunrpc 111 tu rpcbind 111 tu
ident 113 t auth 113 t nntp 119 t ntp 123 u msrpc 135 tu epmap 135 tu netbios-ns 137 tu netbios-dgm 138 u
netbios-ssn 139 t imap 143 t snmp 161 tu snmptrap 162 tu xdmcp 177 u bgp 179 t irc 194 t smux 199 t ptp-event 319 u
ptp-general 320 u rpki-rtr 323 t ldap 389 tu cldap 389 u svrloc 427 tu slp 427 tu https 443 tu quic 443 u
microsoft-ds 445 t smb 445 t kpasswd 464 tu submissions 465 t smtps 465 t isakmp 500 u ike 500 u modbus 502 t exec 512 t
login 513 t shell 514 t syslog 514 u printer 515 t lpd 515 t rip 520 u ripng 521 u dhcpv6-client 546 u dhcpv6 547 u
afp 548 t rtsp 554 tu nntps 563 t submission 587 t ipmi 623 u asf-rmcp 623 u ipp 631 tu ldp 646 tu ldaps 636 t
dot 853 t domain-s 853 tu iscsi-target 860 t rsync 873 t ftps-data 989 t ftps 990 t telnets 992 t imaps 993 t pop3s 995 t
socks 1080 t openvpn 1194 tu ms-sql-s 1433 t mssql 1433 t ms-sql-m 1434 u oracle 1521 t l2tp 1701 u h323 1720 t
pptp 1723 t radius 1812 u radius-acct 1813 u mqtt 1883 t ssdp 1900 u upnp 1900 u nfs 2049 tu zookeeper 2181 t
gtp-control 2123 u gtp-user 2152 u docker 2375 t docker-s 2376 t etcd 2379 t etcd-peer 2380 t vmware-auth 902 t
iscsi 3260 t squid 3128 t mysql 3306 t ms-wbt-server 3389 tu rdp 3389 tu stun 3478 tu turn 3478 tu svn 3690 t
bfd-control 3784 u bfd-echo 3785 u ipsec-nat-t 4500 u nat-t 4500 u vxlan 4789 u upnp-hosts 5000 t sip 5060 tu sips 5061 t
xmpp-client 5222 t xmpp-server 5269 t nat-pmp 5351 u mdns 5353 u postgresql 5432 t postgres 5432 t llmnr 5355 tu
amqps 5671 t amqp 5672 t coap 5683 tu coaps 5684 tu kibana 5601 t vnc 5900 t winrm 5985 t winrm-s 5986 t wsman 5985 t
couchdb 5984 t x11 6000 t geneve 6081 u redis 6379 t kubernetes-api 6443 t syslog-tls 6514 t sflow 6343 u irc-alt 6667 t
ircs 6697 t gossip 7946 tu cassandra 9042 t http-alt 8080 t http-proxy 8081 t https-alt 8443 t puppet 8140 t consul 8500 t
consul-dns 8600 tu vault 8200 t influxdb 8086 t mqtts 8883 t prometheus 9090 t kafka 9092 t node-exporter 9100 t
jetdirect 9100 t alertmanager 9093 t elasticsearch 9200 t elasticsearch-peer 9300 t git 9418 t zabbix-agent 10050 t
zabbix-trapper 10051 t webmin 10000 t kubelet 10250 t memcached 11211 tu netflow 2055 u ipfix 4739 tu mongodb 27017 t
wireguard 51820 u dnp3 20000 tu bacnet 47808 u opc-ua 4840 t s7comm 102 t iso-tsap 102 t ethernet-ip 44818 tu
source-engine 27015 u mumble 64738 tu rtp 5004 u rtcp 5005 u diameter 3868 t radsec 2083 t neo4j 7687 t
clickhouse 9000 t glusterfs 24007 t ceph-mon 6789 t corosync 5405 u vrrp-sync 3780 u whod 513 u biff 512 u teredo 3544 u
`;

interface PortName {
  readonly name: string;
  readonly port: number;
  readonly tcp: boolean;
  readonly udp: boolean;
}

let parsed: readonly PortName[] | undefined;

/** The port of a service name (`https`, case-insensitive), or null when the name is not known. */
export function portOfName(name: string): number | null {
  const wanted = name.toLowerCase();
  return portNames().find((entry) => entry.name === wanted)?.port ?? null;
}

/** The only protocol of a service name (`ntp`: UDP), or null when it has both or is not known. */
export function onlyProtocolOf(name: string): Protocol | null {
  const wanted = name.toLowerCase();
  const found = portNames().find((entry) => entry.name === wanted);
  if (found === undefined || found.tcp === found.udp) return null;
  return found.tcp ? 'tcp' : 'udp';
}

/** The usual name of a port, or null. It says what one expects there, never what is there. */
export function nameOfPort(port: number, protocol: Protocol): string | null {
  return portNames().find((entry) => entry.port === port && entry[protocol])?.name ?? null;
}

/** All ports that have a name for this protocol; a port with several stands there for each. */
export function namedPorts(protocol: Protocol): readonly number[] {
  return portNames()
    .filter((entry) => entry[protocol])
    .map(({ port }) => port);
}

/** All known names, aliases included. */
export function knownPortNames(): readonly string[] {
  return portNames().map((entry) => entry.name);
}

/** Parsed on first use: a run with numbers alone pays nothing. */
function portNames(): readonly PortName[] {
  if (parsed !== undefined) return parsed;
  const words = NAMES.trim().split(/\s+/);
  const entries: PortName[] = [];
  for (let i = 0; i + 2 < words.length; i += 3) {
    const protocols = words[i + 2]!;
    entries.push({
      name: words[i]!,
      port: Number(words[i + 1]),
      tcp: protocols.includes('t'),
      udp: protocols.includes('u'),
    });
  }
  parsed = entries;
  return entries;
}
