import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/**
 * A port where nothing listens, TCP or UDP, on any local address, and which the kernel gives to no socket that asks for
 * none (ip(7), ip_local_port_range): a port that was bound to 0 and freed again may be the next own socket's, which
 * then answers itself.
 */
export async function findClosedPort(): Promise<number> {
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  const [lowest] = range.trim().split(/\s+/).map(Number);
  for (let port = lowest! - 1; port > 1024; port--) {
    if ((await isFreeTcp(port)) && (await isFreeUdp(port))) return port;
  }
  throw new Error(`no free port between 1024 and ip_local_port_range (${range.trim()})`);
}

function isFreeTcp(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((done) => {
    server.once('error', () => done(false));
    server.listen(port, '::', () => server.close(() => done(true)));
  });
}

function isFreeUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp6');
  return new Promise((done) => {
    socket.once('error', () => done(false));
    socket.bind(port, '::', () => socket.close(() => done(true)));
  });
}
