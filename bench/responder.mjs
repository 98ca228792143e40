// What answers in the target's namespace: TCP listeners, an NTP server, UDP ports that answer anything with four bytes, and
// UDP ports that are bound and say nothing. Fields that are left out are empty.
//   node responder.mjs '{"tcpOpen":[80],"tcpOpenAt":[{"host":"10.80.0.0","port":8888}],"udpOpen":[53,123],"udpSilent":[514]}'
// 53 is left to dnsmasq. Prints one line when everything is bound.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const { tcpOpen, tcpOpenAt = [], udpSilent, udpAnswering = [] } = JSON.parse(process.argv[2]);
const DNS = 53;
const NTP = 123;
const NTP_BYTES = 48;

/** A server's answer to a client's request (RFC 5905 section 7.3): the client's transmit time is our origin time. */
function ntpAnswer(request) {
  const answer = Buffer.alloc(NTP_BYTES);
  const isClient = (request[0] & 7) === 3;
  if (!isClient || request.length < NTP_BYTES) return null;
  answer[0] = (request[0] & 0x38) | 4;
  answer[1] = 2;
  answer.set([10, 0, 0, 9], 12);
  request.copy(answer, 24, 40, 48);
  // Seconds since 1900.
  const now = Math.floor(Date.now() / 1000) + 2_208_988_800;
  for (const at of [16, 32, 40]) answer.writeUInt32BE(now, at);
  return answer;
}

async function bindUdp(port, onMessage) {
  const socket = createSocket('udp6');
  socket.on('message', (message, { address, port: from }) =>
    onMessage(socket, message, address, from),
  );
  socket.bind(port, '::');
  await once(socket, 'listening');
}

async function listen(port, host) {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.resume();
  });
  server.listen({ port, host, backlog: 64 });
  await once(server, 'listening');
}

await bindUdp(NTP, (socket, message, address, port) => {
  const answer = ntpAnswer(message);
  if (answer !== null) socket.send(answer, port, address);
});
for (const port of udpAnswering) {
  await bindUdp(port, (socket, _, address, from) => socket.send('here', from, address));
}
for (const port of udpSilent) await bindUdp(port, () => {});
for (const port of tcpOpen.filter((port) => port !== DNS)) await listen(port, '::');
for (const { host, port } of tcpOpenAt) await listen(port, host);
console.log('ready');
