/**
 * The npm package raw-socket: the only file that names it. It is optional (compiled when it is installed, which fails on
 * Node 24), so that it is missing or broken is a reason in words.
 */
import { isMainThread } from 'node:worker_threads';
import { ERRNO, type ErrnoName } from '../errno.ts';

/** A raw socket of the package, as far as it is used here. */
export interface RawSocket {
  /**
   * What `send` and the event `message` call, one packet a turn of the event loop each, the packets to send from a queue
   * without bound. Called directly, a packet has left or failed when the call returns, and all that has come is read in
   * one turn. Both throw an Error that holds the C library's words and no code.
   */
  readonly wrap: {
    send(buffer: Buffer, at: number, length: number, address: string, sent: () => void): void;
    recv(buffer: Buffer, take: (buffer: Buffer, length: number, source: string) => void): void;
  };
  on(event: 'message', listener: (bytes: Buffer, source: string) => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: 'close', listener: () => void): this;
  setOption(level: number, option: number, value: number): void;
  getOption(level: number, option: number, value: Buffer, length: number): number;
  pauseRecv(): this;
  resumeRecv(): this;
  close(): this;
}

/** The package. Creating a socket throws, in words, where the process may not. */
export interface RawSocketPackage {
  createSocket(options: {
    readonly protocol: number;
    readonly addressFamily: number;
    readonly bufferSize: number;
  }): RawSocket;
  readonly AddressFamily: { readonly IPv4: number; readonly IPv6: number };
}

/** Not a literal: the types of a package that may be absent cannot be asked for. */
const PACKAGE: string = 'raw-socket';

/** Loads the package, or says why it cannot be had. */
export async function loadRawSocket(): Promise<
  { readonly raw: RawSocketPackage } | { readonly unavailable: string }
> {
  // The BSDs, macOS among them, hand TCP and UDP to their own sockets alone (ip_input); Windows sends no raw TCP.
  if (process.platform !== 'linux') {
    return { unavailable: `on ${process.platform} raw sockets are given no TCP and UDP answers` };
  }
  // It uses the loop of the main thread whatever thread it is in, and crashes.
  if (!isMainThread) return { unavailable: 'the package raw-socket works in the main thread only' };
  try {
    return { raw: (await import(PACKAGE)) as RawSocketPackage };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const [line = ''] = message.split('\n');
    const isAbsent = code === 'ERR_MODULE_NOT_FOUND' || line.includes(`'${PACKAGE}'`);
    if (isAbsent) return { unavailable: 'the npm package raw-socket is not installed' };
    const why = code === 'MODULE_NOT_FOUND' ? 'it is not compiled (npm rebuild raw-socket)' : line;
    return { unavailable: `the npm package raw-socket does not load: ${why}` };
  }
}

/** strerror(3) of glibc and, where it differs, of musl. */
const WORDS: Readonly<Record<string, ErrnoName>> = {
  'Operation not permitted': 'EPERM',
  'Permission denied': 'EACCES',
  'Resource temporarily unavailable': 'EAGAIN',
  'Interrupted system call': 'EINTR',
  'Invalid argument': 'EINVAL',
  'Too many open files in system': 'ENFILE',
  'Too many open files': 'EMFILE',
  'No file descriptors available': 'EMFILE',
  'Message too long': 'EMSGSIZE',
  'Message too large': 'EMSGSIZE',
  'Address family not supported by protocol': 'EAFNOSUPPORT',
  'Cannot assign requested address': 'EADDRNOTAVAIL',
  'Address not available': 'EADDRNOTAVAIL',
  'Network is down': 'ENETDOWN',
  'Network is unreachable': 'ENETUNREACH',
  'Network unreachable': 'ENETUNREACH',
  'No buffer space available': 'ENOBUFS',
  'No route to host': 'EHOSTUNREACH',
  'Host is unreachable': 'EHOSTUNREACH',
};

/** The errno behind an error of the package; EPROTO where its words are none that we know. */
export function errnoOf(error: unknown): number {
  return ERRNO[WORDS[(error as Error).message] ?? 'EPROTO'];
}
