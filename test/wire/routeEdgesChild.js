// Looks up addresses in the namespace that it runs in: routeEdgesChild.js ADDON FAMILY
// Addresses come as hexadecimal text of 32 digits, one a line, on stdin. Those whose answer is not that of the first
// address between the same two edges are told as JSON, with all edges.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const native = createRequire(import.meta.url)(process.argv[2]);
const family = Number(process.argv[3]);
const edges = native.routeEdges(family);
const texts = [];
for (let at = 0; at < (edges?.length ?? 0); at += 16) {
  texts.push(Buffer.from(edges.subarray(at, at + 16)).toString('hex'));
}
const lookUp = (text) => {
  const { neighbour, neighbourAddress, ...route } = native.ownSide(
    family,
    Uint8Array.from(Buffer.from(text, 'hex')),
    0,
  );
  return JSON.stringify(route);
};
const asked = readFileSync(0, 'utf8').split('\n').filter(Boolean);
const answers = new Map();
const different = asked.filter((text) => {
  const edge = texts.filter((one) => one <= text).at(-1);
  if (!answers.has(edge)) answers.set(edge, lookUp(text));
  return answers.get(edge) !== lookUp(text);
});
const ways = new Set(asked.map(lookUp)).size;
process.stdout.write(
  JSON.stringify({ edges: edges === null ? null : texts, asked: asked.length, ways, different }),
);
