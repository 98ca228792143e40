/** The words of the known causes (explain/causes.ts): what is likely behind a finding, and what mends it. */

/** One cause in words. */
export interface CauseWords {
  /** One sentence. */
  readonly what: string;
  readonly fix: string;
}

/** By the id of the row. */
export const CAUSE_WORDS: Readonly<Record<string, CauseWords>> = {
  'cause.kube-proxy-no-endpoints': {
    what: 'A Kubernetes service without ready endpoints: kube-proxy rejects its address by "port unreachable".',
    fix: 'kubectl get endpointslices -l kubernetes.io/service-name=NAME; look at the readiness of the pods and the selector of the service.',
  },
  'cause.iptables-reject-default': {
    what: 'An iptables rule "-j REJECT" without --reject-with answers TCP, too, by "port unreachable".',
    fix: 'Find the rule (iptables -L -n -v --line-numbers) and allow the port before it.',
  },
  'cause.firewalld-prohibited': {
    what: 'firewalld rejects what its zone does not allow by "prohibited".',
    fix: 'firewall-cmd --permanent --add-port=PORT/PROTOCOL; firewall-cmd --reload',
  },
  'cause.router-acl': {
    what: 'An access list of a router or firewall on the way says "prohibited".',
    fix: 'Ask for a rule that allows this client, port and protocol on that device.',
  },
  'cause.service-not-running': {
    what: 'The service is not started, or bound to another address or port.',
    fix: 'Start it; bind it to the asked address or to 0.0.0.0 and [::].',
  },
  'cause.ufw-reject': {
    what: 'ufw with a "reject" rule or policy: TCP by reset, UDP by "port unreachable".',
    fix: 'ufw status numbered; ufw allow PORT/PROTOCOL',
  },
  'cause.dnat-dead-backend': {
    what: 'A port forward (DNAT) or load balancer whose backend is off: its error is sent on under the public address.',
    fix: 'Look up the forward (iptables -t nat -L -n -v, nft list ruleset) and start or correct the backend.',
  },
  'cause.host-down': {
    what: 'The last router gets no answer from the host on its link (ARP, neighbour discovery): it is off, or has another address.',
    fix: 'Start the host, or correct its address; on the router: ip neigh.',
  },
  'cause.unreachable-rule': {
    what: 'The error came at once, so nobody was looked for: a route of type unreachable, a rule that rejects so, or a host that was known to be away.',
    fix: 'On that router: ip route get ADDRESS; nft list ruleset; ip neigh.',
  },
  'cause.no-route': {
    what: 'A router on the way has no route to that network, or one that refuses it.',
    fix: 'On that router: ip route get ADDRESS; add or correct the route, also on VPN and cloud routers.',
  },
  'cause.own-firewall': {
    what: 'The asking machine itself rejects: an output rule, or a route of type unreachable or prohibit.',
    fix: 'nft list ruleset; ip route get ADDRESS',
  },
  'cause.own-next-hop': {
    what: 'The gateway, or the host on the own link, does not answer ARP or neighbour discovery: it is off, or has another address or VLAN.',
    fix: 'ip route get ADDRESS; ip neigh; then look at the gateway, the cable and the VLAN.',
  },
  'cause.docker-proxy-no-backend': {
    what: 'docker-proxy holds the published port and accepts, but nothing listens in the container.',
    fix: 'docker ps; let the program in the container listen on 0.0.0.0 and on the published port.',
  },
  'cause.load-balancer-no-target': {
    what: 'A load balancer or TCP proxy accepts before it has a healthy server.',
    fix: 'Look at its health checks and its list of servers.',
  },
  'cause.syn-cookie-wall': {
    what: 'A SYN proxy or protection against SYN floods answers for the server.',
    fix: 'Verify by data, not by the handshake; look at the rules of the protecting device.',
  },
  'cause.middlebox-reset': {
    what: "A firewall, intrusion prevention system or censor ends connections by RSTs in the host's name.",
    fix: 'Compare with a capture on the host: a forged RST never left it. Then ask who runs the devices between.',
  },
  'cause.windows-stealth': {
    what: 'A Windows host: its firewall is on and drops in silence what no program waits for.',
    fix: 'Start the service and allow it: New-NetFirewallRule -Direction Inbound -Protocol TCP -LocalPort PORT -Action Allow',
  },
  'cause.security-group': {
    what: 'A cloud security group or network ACL without an allowing rule: it drops and says nothing.',
    fix: 'Allow the port for this client in the security group; for ACLs also the way back.',
  },
  'cause.snmp-community': {
    what: 'An SNMP agent drops requests of an unknown community or user, and of clients that it does not know.',
    fix: 'Compare community, version and allowed addresses with the configuration of the agent.',
  },
  'cause.silent-by-design': {
    what: 'This protocol answers only those whom it knows by key or address.',
    fix: 'Compare keys and addresses on both ends; the log of the server tells more than the network.',
  },
  'cause.return-path': {
    what: 'The way back differs (asymmetric routing), and a stateful firewall on it drops answers whose SYN it did not see.',
    fix: 'Compare captures on both ends; make both directions pass the same firewall.',
  },
  'cause.icmp-limiter': {
    what: 'The ICMP limiter of Linux: a burst of 6, then one error in each period and for each receiver.',
    fix: 'Ask more slowly; leave the limit as it is.',
  },
  'cause.tunnel-mtu': {
    what: 'A tunnel or VPN (PPPoE, IPsec, WireGuard, VXLAN) makes packets larger than a link takes.',
    fix: 'Lower the MTU of the tunnel or clamp the MSS: nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu',
  },
  'cause.asker-gone': {
    what: 'The asking program had closed its port: it gave up, took another answer, or ended.',
    fix: 'Raise its time-out, or find out why the answer was late.',
  },
  'cause.routing-loop': {
    what: 'Two routers send the packets to each other, often a default route against a missing one.',
    fix: 'traceroute shows the two; add the missing route, or a blackhole route for the unused prefix.',
  },
  'cause.port-forward': {
    what: 'A NAT with a port forward stands at the asked address; the server is behind it.',
    fix: 'Look for the cause on the machine behind: the forward names it.',
  },
  'cause.traceroute': {
    what: 'Somebody ran traceroute, tracert or mtr.',
    fix: 'Nothing to mend.',
  },
  'cause.tftp-port': {
    what: 'TFTP answers from a new port by design.',
    fix: 'Firewalls and NATs on the way need a TFTP helper (nf_conntrack_tftp).',
  },
  'cause.multihomed-server': {
    what: 'The server has several addresses and answers from the one that its route prefers.',
    fix: 'Bind the service to the asked address, or let it answer from where it was asked (IP_PKTINFO).',
  },
};
