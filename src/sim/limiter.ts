/**
 * The limiter of ICMP errors as Linux has it: a token bucket for each destination, and one for the whole node.
 *
 * Times are jiffies of HZ 250, as on the kernels that were measured: buckets fill in steps of 4 ms.
 */

import type { Family } from '../model.ts';
import { equalIp } from '../packet/address.ts';
import type { PerFamily } from './prefix.ts';
import type { Random } from './random.ts';
import { type JsonPlace, openObject, readNumber } from './strictJson.ts';

/**
 * The limiter of ICMP errors, a token bucket for each destination (Linux: net/ipv4/inetpeer.c).
 * `ratelimitMs` brings one token back, 0 = no limit; `burst` tokens are the most there can be.
 */
export interface Limiter {
  readonly ratelimitMs: number;
  readonly burst: number;
}

/** Linux: net.ipv4.icmp_ratelimit 1000, net.ipv6.icmp.ratelimit 100 (6.18), XRLIM_BURST_FACTOR 6. */
const STOCK_LIMITER: PerFamily<Limiter> = {
  4: { ratelimitMs: 1000, burst: 6 },
  6: { ratelimitMs: 100, burst: 6 },
};

/** Parses `{ "ratelimitMs": 1000, "burst": 6 }`, or one such record for each family. */
export function parseLimiter(place: JsonPlace | undefined): PerFamily<Limiter> {
  if (place === undefined) return STOCK_LIMITER;
  const record = place.value;
  const isPair = typeof record === 'object' && record !== null && ('4' in record || '6' in record);
  const at = isPair ? openObject(place, ['4', '6']) : () => place;
  const read = (item: JsonPlace | undefined, stock: Limiter): Limiter => {
    if (item === undefined) return stock;
    const limit = openObject(item, ['ratelimitMs', 'burst']);
    return {
      ratelimitMs: readNumber(limit('ratelimitMs'), { min: 0, max: 1e6 }, stock.ratelimitMs),
      burst: readNumber(limit('burst'), { min: 1, max: 1e6 }, stock.burst),
    };
  };
  return { 4: read(at('4'), STOCK_LIMITER[4]), 6: read(at('6'), STOCK_LIMITER[6]) };
}

/** The limiter of one node; asking it takes the token. */
export interface IcmpLimiter {
  /** Takes a token for an ICMP error to the address at `bytes[at]`; false: the error is not sent. */
  allow(bytes: Uint8Array, at: number, family: Family, nowMs: number): boolean;
  /** The first of the two limiters of an IPv4 unreachable or prohibit route (net/ipv4/route.c, ip_error). */
  allowRouteError(bytes: Uint8Array, at: number, nowMs: number): boolean;
}

interface Bucket {
  readonly address: Uint8Array;
  readonly family: Family;
  tokens: number;
  lastJiffies: number;
}

const JIFFY_MS = 4;
const HZ = 1000 / JIFFY_MS;
/** Scanners have a handful of addresses; beyond that the oldest bucket is forgotten, i.e. full again. */
const MAX_BUCKETS = 4096;
/** net.ipv4.icmp_msgs_per_sec and icmp_msgs_burst, shared by both families. */
const GLOBAL_PER_SECOND = 1000;
const GLOBAL_BURST = 50;
/** net/ipv4/route.c: ip_rt_error_cost and ip_rt_error_burst. */
const ROUTE_ERROR_COST = HZ;
const ROUTE_ERROR_BURST = 5 * HZ;

/** Creates the limiter of a node, all buckets full; `random` blurs the bucket of the whole node as Linux does. */
export function createLimiter(limits: PerFamily<Limiter>, random: Random): IcmpLimiter {
  const buckets: Bucket[] = [];
  let last: Bucket | undefined;
  let globalCredit = GLOBAL_BURST;
  let globalStamp = 0;

  function bucketOf(bytes: Uint8Array, at: number, family: Family, now: number): Bucket {
    if (last?.family === family && equalIp(last.address, 0, bytes, at, family)) return last;
    for (const bucket of buckets) {
      if (bucket.family === family && equalIp(bucket.address, 0, bytes, at, family)) {
        last = bucket;
        return bucket;
      }
    }
    if (buckets.length >= MAX_BUCKETS) buckets.shift();
    const address = bytes.slice(at, at + (family === 4 ? 4 : 16));
    // inet_getpeer: a new peer looks as if nothing had been sent to it for a minute.
    last = { address, family, tokens: 0, lastJiffies: now - 60 * HZ };
    buckets.push(last);
    return last;
  }

  /** icmp_global_allow of net/ipv4/icmp.c: refilled only when spent, and then at least 20 ms later. */
  function globalAllow(now: number): boolean {
    if (globalCredit > 0) return true;
    const delta = Math.min(now - globalStamp, HZ);
    if (delta < HZ / 50) return false;
    globalStamp = now;
    globalCredit = Math.min(
      globalCredit + Math.floor((GLOBAL_PER_SECOND * delta) / HZ),
      GLOBAL_BURST,
    );
    return true;
  }

  /** inet_peer_xrlim_allow of net/ipv4/inetpeer.c. */
  function peerAllow(bucket: Bucket, limit: Limiter, now: number): boolean {
    const timeout = Math.ceil(limit.ratelimitMs / JIFFY_MS);
    const filled = bucket.tokens + now - bucket.lastJiffies;
    bucket.lastJiffies = now;
    bucket.tokens = Math.min(filled, limit.burst * timeout);
    if (bucket.tokens < timeout) return false;
    bucket.tokens -= timeout;
    return true;
  }

  return {
    allow(bytes, at, family, nowMs) {
      const limit = limits[family];
      if (limit.ratelimitMs === 0) return true;
      const now = Math.floor(nowMs / JIFFY_MS);
      if (!globalAllow(now)) return false;
      if (!peerAllow(bucketOf(bytes, at, family, now), limit, now)) return false;
      // Random since CVE-2020-25705: the count must not tell who else was answered.
      globalCredit -= Math.floor(random() * 3);
      return true;
    },

    allowRouteError(bytes, at, nowMs) {
      if (limits[4].ratelimitMs === 0) return true;
      const now = Math.floor(nowMs / JIFFY_MS);
      const bucket = bucketOf(bytes, at, 4, now);
      bucket.tokens = Math.min(bucket.tokens + now - bucket.lastJiffies, ROUTE_ERROR_BURST);
      bucket.lastJiffies = now;
      if (bucket.tokens < ROUTE_ERROR_COST) return false;
      bucket.tokens -= ROUTE_ERROR_COST;
      return true;
    },
  };
}
