/** All wires, one contract. The simulator has the same scene as loopback, and real sockets the real one. */
import { parseWorld } from '../../src/sim/world.ts';
import { openConnectWire } from '../../src/wire/connectWire.ts';
import { openErrqueueWire } from '../../src/wire/errqueueWire.ts';
import { loadNative } from '../../src/wire/native.ts';
import { openPacketWire } from '../../src/wire/openPacketWire.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';
import { packetFilter } from '../../src/wire/packetFilter.ts';
import { loadRawSocket, type RawSocketPackage } from '../../src/wire/rawSocketPackage.ts';
import { openRawSocketWire } from '../../src/wire/rawSocketWire.ts';
import { describeWire, openLoopbackScene, type Scene } from './contract.ts';

const SIMULATED: Scene = {
  targets: { 4: '10.90.1.10', 6: 'fd90:0:0:1::a' },
  tcpOpen: 22,
  tcpClosed: 80,
  udpEcho: 7,
  udpClosed: 9,
  close() {},
};
const world = parseWorld(
  { routers: [{}], targets: [{ tcp: { '22': 'accept' }, udp: { '7': 'echo' } }] },
  'contract',
);

for (const view of ['packet', 'errqueue', 'connect'] as const) {
  describeWire(`sim, seen as ${view}`, {
    scene: async () => SIMULATED,
    open: (plan) => openSimulation(plan, world, view),
    can: { icmpSender: view !== 'connect', resetKnown: view !== 'connect' },
    unavailable: null,
  });
}

/** Asked by opening it: the privilege is a capability, not a user. */
function whyNoPackets(): string | null {
  if ('unavailable' in loaded) return loaded.unavailable;
  try {
    loaded.addon.packetClose(loaded.addon.packetOpen(packetFilter(1), 0));
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const loaded = loadNative();
describeWire('errqueue', {
  scene: openLoopbackScene,
  open: ({ targets }) => {
    const opened = openErrqueueWire({ targets });
    return 'unavailable' in opened ? opened : { wire: opened, srcPort: 0 };
  },
  can: { icmpSender: true, resetKnown: true },
  unavailable: 'unavailable' in loaded ? loaded.unavailable : null,
});

describeWire('packet', {
  scene: openLoopbackScene,
  open: (plan) => openPacketWire(plan, 'contract'),
  can: { icmpSender: true, resetKnown: true },
  unavailable: whyNoPackets(),
});

const rawSocket = await loadRawSocket();

/** Asked by opening one, as above. */
function whyNoRawSockets(): string | null {
  if ('unavailable' in rawSocket) return rawSocket.unavailable;
  try {
    const { AddressFamily, createSocket } = rawSocket.raw;
    createSocket({ protocol: 1, addressFamily: AddressFamily.IPv4, bufferSize: 64 }).close();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

describeWire('raw-socket', {
  scene: openLoopbackScene,
  open: (plan) => openRawSocketWire((rawSocket as { raw: RawSocketPackage }).raw, plan, 'contract'),
  can: { icmpSender: true, resetKnown: true },
  unavailable: whyNoRawSockets(),
});

describeWire('connect', {
  scene: openLoopbackScene,
  open: ({ targets }) => ({ wire: openConnectWire({ targets, note: 'contract' }), srcPort: 0 }),
  can: { icmpSender: false, resetKnown: false },
  unavailable: null,
});
