/** Longest text that a suggestion is looked for: the comparison is quadratic, and no option is longer. */
const MAX_COMPARED = 32;

/** The known word nearest to a mistyped one, or null when none is near: at most a third of its letters differ, or one. */
export function nearest(typed: string, known: readonly string[]): string | null {
  if (typed.length > MAX_COMPARED) return null;
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(typed.length / 3)) + 1;
  for (const word of known) {
    const distance = editDistance(typed, word);
    if (distance < bestDistance) {
      best = word;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours; a change of case counts less than a letter. */
function editDistance(a: string, b: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const line = [i];
    for (let j = 1; j <= b.length; j++) {
      const [x, y] = [a[i - 1]!, b[j - 1]!];
      const cost = x === y ? 0 : x.toLowerCase() === y.toLowerCase() ? 0.5 : 1;
      const isSwap = i > 1 && j > 1 && x === b[j - 2] && y === a[i - 2];
      const swapped = isSwap ? twoAbove[j - 2]! + 1 : Number.POSITIVE_INFINITY;
      line.push(Math.min(above[j]! + 1, line[j - 1]! + 1, above[j - 1]! + cost, swapped));
    }
    twoAbove = above;
    above = line;
  }
  return above[b.length]!;
}
