// Listeners of a lab's target: `node responder.js JSON`, where JSON is a list of { protocol, port, kind } and, for
// answers from elsewhere, { at, from, fromPort } with addresses by kind of socket. Prints READY when all are bound.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const services = JSON.parse(process.argv[2]);
const bound = services.map((service) =>
  service.protocol === 'tcp' ? listen(service) : bindBoth(service),
);
await Promise.all(bound);
console.log('READY');

function listen({ port }) {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()));
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen({ port, host: '::', ipv6Only: false }, done);
  });
}

async function bindBoth({ port, kind, at, from, fromPort }) {
  for (const type of ['udp4', 'udp6']) {
    const socket = await bind(type, port, at?.[type]);
    const sender = from === undefined ? socket : await bind(type, fromPort, from[type]);
    socket.on('message', (request, peer) => {
      const reply = toReply(kind, request);
      if (reply !== null) sender.send(reply, peer.port, peer.address);
    });
  }
}

function bind(type, port, address) {
  const socket = createSocket({ type, ipv6Only: type === 'udp6' });
  return new Promise((done, fail) => {
    socket.once('error', fail);
    socket.bind({ port, address }, () => done(socket));
  });
}

function toReply(kind, request) {
  if (kind === 'echo') return request;
  if (kind !== 'dns' || request.length < 12) return null;
  const reply = Buffer.from(request);
  reply[2] |= 0x80;
  reply[3] = 5;
  return reply;
}
