/** Every known cause fits its capture: of the lab where that could be made there, else constructed. */
import { expect, it } from 'vitest';
import { CAUSES, fittingCauses } from '../../src/explain/causes.ts';
import type { FindingDraft } from '../../src/explain/finding.ts';
import { explainFixture } from './captures.ts';

/** Row -> the capture that shows it. */
const LAB: Readonly<Record<string, string>> = {
  'cause.kube-proxy-no-endpoints': 'tcpHostRejectIcmp.client.4',
  'cause.iptables-reject-default': 'tcpHostRejectIcmp.client.6',
  'cause.firewalld-prohibited': 'udpHostRejectOther.client.4',
  'cause.router-acl': 'tcpRouterProhibit.client.4',
  'cause.service-not-running': 'articleUdpClosed.client.4',
  'cause.ufw-reject': 'tcpHostRejectReset.client.4',
  'cause.dnat-dead-backend': 'dnatDeadBackend.client.4',
  'cause.host-down': 'hostBehindRouterAbsent.client.4',
  'cause.unreachable-rule': 'tcpRouterUnreachable.client.4',
  'cause.no-route': 'udpRouterNoRoute.client.4',
  'cause.own-firewall': 'ownOutputRejectAdmin.client.4',
  'cause.own-next-hop': 'ownDeadGateway.client.4',
  'cause.docker-proxy-no-backend': 'dockerProxyReset.client.4',
  'cause.load-balancer-no-target': 'dockerProxyClose.client.4',
  'cause.syn-cookie-wall': 'tcpSynProxy.client.4',
  'cause.middlebox-reset': 'tcpForgedReset.client.4',
  'cause.windows-stealth': 'windowsStealth.client.4',
  'cause.security-group': 'tcpDropInput.client.4',
  'cause.snmp-community': 'udpSilentServices.client.4',
  'cause.silent-by-design': 'udpSilentServices.client.6',
  'cause.return-path': 'ownInputDrop.client.4',
  'cause.icmp-limiter': 'udpLimiter.client.4',
  'cause.tunnel-mtu': 'mtuTooBig.client.4',
  'cause.asker-gone': 'lateAnswer.client.4',
  'cause.routing-loop': 'tcpLoop.client.4',
  'cause.port-forward': 'dnatTraceroute.client.4',
  'cause.traceroute': 'tracerouteUdp.client.4',
  'cause.multihomed-server': 'udpOtherAddress.client.4',
};

/** Constructed: the lab has no server that behaves so. */
const CONSTRUCTED: Readonly<Record<string, Pick<FindingDraft, 'whyId' | 'whyArgs' | 'facts'>>> = {
  'cause.tftp-port': {
    whyId: 'explain.udp.other-source-perhaps',
    whyArgs: { otherIp: '10.0.0.5', target: '10.0.0.5' },
    facts: { askedPorts: [69] } as unknown as FindingDraft['facts'],
  },
};

it('every row has a capture', () => {
  const shown = [...Object.keys(LAB), ...Object.keys(CONSTRUCTED)].sort();
  expect(shown).toEqual(CAUSES.map(({ id }) => id).sort());
});

it.each(Object.entries(LAB))('%s fits %s', async (id, capture) => {
  const { findings } = await explainFixture(capture);
  expect(findings.flatMap(({ causes }) => causes.map((cause) => cause.id))).toContain(id);
});

it.each(Object.entries(CONSTRUCTED))('%s fits a constructed finding', (id, finding) => {
  expect(fittingCauses(finding as FindingDraft)).toContain(id);
});

it('only what the protocol itself prescribes is certain', () => {
  expect(CAUSES.filter(({ certainty }) => certainty === 'high').map(({ id }) => id)).toEqual([
    'cause.tftp-port',
  ]);
});
