/** The candidate that a mistyped name was probably meant to be. */
export function closestName(name: string, candidates: readonly string[]): string | undefined {
  const wanted = fold(name);
  const longer = candidates.filter((candidate) => wanted.length >= 3 && fold(candidate).startsWith(wanted));
  if (longer.length === 1) return longer[0];
  const maxDistance = Math.min(3, Math.floor(wanted.length / 3));
  let closest: string | undefined;
  let closestDistance = maxDistance + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, fold(candidate), closestDistance);
    if (distance < closestDistance) {
      closest = candidate;
      closestDistance = distance;
    }
  }
  return closest;
}

// `ttlSeconds`, `ttl-seconds` and `ttl_seconds` are one name spelled by different habits.
function fold(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

/** Levenshtein distance; `bound` when it is at least that. */
function editDistance(from: string, to: string, bound: number): number {
  if (Math.abs(from.length - to.length) >= bound) return bound;
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const substitution = previous[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return Math.min(bound, previous[to.length]!);
}
