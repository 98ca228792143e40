/** What to check next, in the order that a person would: the service, the host's firewall, the way, the client, a second capture. */
import type { Step } from '../explain/finding.ts';
import type { WhyArgs } from './why.ts';

/** `tcp` or `udp`; other protocols have no listeners to look for. */
function protocolOf(args: WhyArgs): 'tcp' | 'udp' {
  return args['protocol'] === 'tcp' ? 'tcp' : 'udp';
}

function hostOf(args: WhyArgs): string {
  return String(args['target'] ?? 'the asked host');
}

/** For commands: without a zone, which only the host that has it understands. */
function addressOf(args: WhyArgs): string {
  return String(args['target'] ?? 'TARGET').replace(/%.*/, '');
}

function portOf(args: WhyArgs): string {
  return String(args['port'] ?? 'PORT');
}

/** Is the service there, and bound to the address that was asked? */
export function checkService(args: WhyArgs): Step {
  const port = portOf(args);
  const isTcp = protocolOf(args) === 'tcp';
  return {
    what:
      `On ${hostOf(args)}: does the service run, and on the asked address? One that is bound to 127.0.0.1 ` +
      'answers that machine alone.',
    linux: [`ss ${isTcp ? '-ltnp' : '-lunp'} 'sport = :${port}'`, 'systemctl --failed'],
    windows: [
      isTcp
        ? `Get-NetTCPConnection -State Listen -LocalPort ${port}`
        : `Get-NetUDPEndpoint -LocalPort ${port}`,
      `netstat -ano | findstr ":${port} "`,
    ],
  };
}

/** Does the host's own firewall refuse or drop? */
export function checkHostFirewall(args: WhyArgs, verb: 'reject' | 'drop'): Step {
  return {
    what: `On ${hostOf(args)}: does its firewall ${verb} this port?`,
    linux: [
      `nft list ruleset | grep -nE '${verb}|policy'`,
      'iptables -L -n -v',
      'ufw status verbose',
      'firewall-cmd --list-all',
    ],
    windows: [
      'Get-NetFirewallProfile | Format-Table Name, Enabled, DefaultInboundAction',
      'Get-NetFirewallRule -Enabled True -Direction Inbound -Action Block',
    ],
  };
}

/** Cloud rules are on no machine. */
export function checkCloud(args: WhyArgs): Step {
  return {
    what:
      `If ${hostOf(args)} is a cloud machine: does its security group (and the network ACL) allow ` +
      `${protocolOf(args).toUpperCase()} ${portOf(args)} from this client? These drop in silence.`,
    linux: [],
    windows: [],
  };
}

/** Where does the way end? */
export function checkPath(args: WhyArgs): Step {
  const address = addressOf(args);
  const isTcp = protocolOf(args) === 'tcp';
  const family = address.includes(':') ? '-6 ' : '';
  return {
    what: `From the client: which way do the packets go to ${hostOf(args)}, and where do they end?`,
    linux: [`traceroute -n ${family}${isTcp ? '-T' : '-U'} -p ${portOf(args)} ${address}`],
    windows: [`tracert -d ${address}`],
  };
}

/** The rules of a device on the way. */
export function checkDevice(args: WhyArgs): Step {
  const device = String(args['sender'] ?? 'the device on the way');
  return {
    what: `On ${device}: the rule or access list that rejects, and its counters before and after a try.`,
    linux: [`nft list ruleset | grep -n reject`, 'iptables -L FORWARD -n -v'],
    windows: ['Get-NetFirewallRule -Enabled True -Action Block'],
  };
}

/** The route of a device on the way. */
export function checkRoute(args: WhyArgs): Step {
  const device = String(args['sender'] ?? 'the device that answered');
  const address = addressOf(args);
  return {
    what: `On ${device}: its route to ${hostOf(args)}, and whether the host answers on the last link.`,
    linux: [`ip route get ${address}`, `ip neigh show ${address}`],
    windows: [`Find-NetRoute -RemoteIPAddress ${address}`, `Get-NetNeighbor -IPAddress ${address}`],
  };
}

/** Port forwards. */
export function checkForward(args: WhyArgs): Step {
  return {
    what: `Is port ${portOf(args)} of ${hostOf(args)} forwarded to another machine, and does that one run?`,
    linux: [
      "nft list ruleset | grep -nE 'dnat|redirect'",
      'iptables -t nat -L -n -v',
      'docker ps',
      'kubectl get endpointslices -A',
    ],
    windows: ['netsh interface portproxy show all'],
  };
}

/** The same question from the client, by a tool that says who answers. */
export function checkFromClient(args: WhyArgs): Step {
  const address = addressOf(args);
  const port = portOf(args);
  const isTcp = protocolOf(args) === 'tcp';
  const dns = !isTcp && port === '53';
  return {
    what: 'From the client: ask again, and see who answers.',
    linux: [
      `pu-probe scan ${address} -p ${port} ${isTcp ? '-sT' : '-sU'}`,
      ...(dns ? [`dig @${address} example.com`] : []),
      ...(isTcp ? [`nc -zv ${address} ${port}`] : []),
    ],
    windows: isTcp
      ? [`Test-NetConnection ${address} -Port ${port}`]
      : dns
        ? [`nslookup example.com ${address}`]
        : [],
  };
}

/** A second capture where the packets should arrive. */
export function captureThere(args: WhyArgs): Step {
  const protocol = args['protocol'] === 'icmp' ? 'icmp' : protocolOf(args);
  const port = args['port'] === undefined ? '' : ` port ${args['port']}`;
  return {
    what: `On ${hostOf(args)}, while the client tries: do its packets arrive, and does an answer leave?`,
    linux: [`tcpdump -ni any '${protocol}${port} or icmp or icmp6'`],
    windows: ['pktmon start --capture', 'pktmon stop; pktmon etl2pcap PktMon.etl'],
  };
}

/** The client's own rules and routes. */
export function checkOwnSide(args: WhyArgs): Step {
  const address = addressOf(args);
  return {
    what: `On ${args['client'] ?? 'the client'}: its own route to ${hostOf(args)}, and its own firewall.`,
    linux: [`ip route get ${address}`, "nft list ruleset | grep -nE 'reject|drop|policy'"],
    windows: [
      `Find-NetRoute -RemoteIPAddress ${address}`,
      'Get-NetFirewallRule -Enabled True -Direction Outbound -Action Block',
    ],
  };
}

/** The largest packet that passes. */
export function checkSize(args: WhyArgs): Step {
  const address = addressOf(args);
  const isSix = address.includes(':');
  const bytes =
    typeof args['mtu'] === 'number' ? args['mtu'] - (isSix ? 48 : 28) : isSix ? 1232 : 1372;
  return {
    what: 'From the sender of the large packets: which size still passes?',
    linux: [`ping ${isSix ? '-6 ' : ''}-M do -s ${bytes} ${address}`, `tracepath -n ${address}`],
    windows: [`ping ${isSix ? '-6' : '-f'} -l ${bytes} ${address}`],
  };
}

/** Logs of a service that accepted and broke off. */
export function checkLogs(args: WhyArgs): Step {
  return {
    what: `On ${hostOf(args)}: what does the service say at that moment, and the server behind it?`,
    linux: ['journalctl --since -10min', 'docker logs --since 10m CONTAINER'],
    windows: ['Get-WinEvent -LogName Application -MaxEvents 50'],
  };
}
