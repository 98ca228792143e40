/** Bytes from hex split at field borders; `'text'` between apostrophes stands for its ASCII bytes. */
export function fromHex(hex: string): Uint8Array {
  const bytes: number[] = [];
  for (const part of hex.match(/'[^']*'|[^\s']+/g) ?? []) {
    if (part.startsWith("'")) bytes.push(...Buffer.from(part.slice(1, -1), 'latin1'));
    else bytes.push(...Buffer.from(part, 'hex'));
  }
  return Uint8Array.from(bytes);
}

/** Texts one behind the other, a byte a character. */
export function fromText(...texts: string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(texts.join(''), 'latin1'));
}

/** Lines as a text message has them on the wire. */
export function fromLines(...lines: string[]): Uint8Array {
  return fromText(...lines.map((line) => `${line}\r\n`));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
