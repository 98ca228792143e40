/**
 * How a router writes its ICMP errors where it is not as Linux: how much it quotes, and what it adds of itself (RFC 4884).
 */
import { write32 } from '../packet/bytes.ts';
import {
  EXTENSION_HEADER_BYTES,
  type ExtensionFields,
  emitExtensions,
} from '../packet/extensions.ts';
import { failAt, type JsonPlace, openArray, readNumber, readText } from './strictJson.ts';

/** Null is what Linux does. */
export interface ErrorShape {
  /** Bytes quoted of the offending packet behind its IP header, at most. */
  readonly quoteBytes: number | null;
  /** The extension structure, with its header. */
  readonly extensions: Uint8Array | null;
}

/** Linux quotes as much as it may and adds nothing. */
export const LINUX_ERRORS: ErrorShape = { quoteBytes: null, extensions: null };

/** The keys of a router that are read here. */
export const ERROR_KEYS = ['quoteBytes', 'mpls', 'interface'] as const;

/** Parses `"quoteBytes": 8`, `"mpls": [16, 299776]` (labels, outermost first) and `"interface": "ge-0/0/1"`. */
export function parseErrorShape(
  at: (key: (typeof ERROR_KEYS)[number]) => JsonPlace | undefined,
): ErrorShape {
  const quoteBytes = at('quoteBytes');
  const name = at('interface');
  const labels = openArray(at('mpls')).map((item) =>
    readNumber(item, { min: 0, max: MAX_LABEL, whole: true }, 0),
  );
  const objects: ExtensionFields[] = [];
  if (labels.length > 0) objects.push(toStack(labels));
  if (name !== undefined) objects.push(toInterface(name));
  return {
    quoteBytes:
      quoteBytes === undefined
        ? null
        : readNumber(quoteBytes, { min: LEAST_QUOTE_BYTES, max: 1232, whole: true }, 0),
    extensions: objects.length === 0 ? null : toStructure(objects),
  };
}

/** RFC 792: 64 bits of data. */
const LEAST_QUOTE_BYTES = 8;
/** 20 bits (RFC 3032 section 2.1). */
const MAX_LABEL = 0xfffff;
/** RFC 5837 section 4.3, without its length octet. */
const MAX_NAME_BYTES = 63;

/** A label stack (RFC 4950 section 3), each with the TTL of 1 that ran out. */
function toStack(labels: readonly number[]): ExtensionFields {
  const bytes = new Uint8Array(labels.length * 4);
  labels.forEach((label, index) => {
    const bottom = index === labels.length - 1 ? 0x100 : 0;
    write32(bytes, index * 4, ((label << 12) | bottom | 1) >>> 0);
  });
  return { classNumber: 1, classType: 1, bytes };
}

/** The name of the incoming interface (RFC 5837 section 4.1: role 0, the name alone), padded to whole words. */
function toInterface(place: JsonPlace): ExtensionFields {
  const name = new TextEncoder().encode(readText(place));
  if (name.length === 0 || name.length > MAX_NAME_BYTES) {
    failAt(place, `a name of 1 to ${MAX_NAME_BYTES} bytes is wanted here`);
  }
  const bytes = new Uint8Array(Math.ceil((1 + name.length) / 4) * 4);
  bytes[0] = bytes.length;
  bytes.set(name, 1);
  return { classNumber: 2, classType: 0x02, bytes };
}

function toStructure(objects: readonly ExtensionFields[]): Uint8Array {
  const length = objects.reduce((sum, { bytes }) => sum + 4 + bytes.length, EXTENSION_HEADER_BYTES);
  const out = new Uint8Array(length);
  emitExtensions(out, 0, objects);
  return out;
}
