/** A set of members, as it was given or a part of it: a share of the whole, by weight. */
export interface Part {
  readonly set: number;
  readonly share: number;
}

/** Sets of which any two are nested or apart, as a tree. */
export interface NestedSets {
  /** Parent of each set, −1 for a root; parents stand before children. */
  readonly parent: readonly number[];
  readonly members: readonly ReadonlySet<number>[];
  /** For each set that was given, the sets of the tree that make it up. */
  readonly parts: readonly (readonly Part[])[];
}

/**
 * Makes any sets nested. Equal ones become one; of two that cross, the smaller is cut into what lies inside the larger and what does
 * not, each with its share by weight. A limit on the whole, divided by these shares, then holds whenever its parts do: it is
 * stricter than it was, never looser. (Distributed-redundant power makes crossing sets: a–b, b–c, c–a. N, N+1 and 2N do not.)
 */
export function nestSets(sets: readonly ReadonlySet<number>[], weight: (member: number) => number): NestedSets {
  const order = [...sets.keys()].toSorted((a, b) => sets[b].size - sets[a].size || a - b);
  const accepted: ReadonlySet<number>[] = [];
  const indexOf = new Map<string, number>();
  const pieces: ReadonlySet<number>[][] = sets.map(() => []);
  for (const s of order) {
    let parts: ReadonlySet<number>[] = [sets[s]];
    for (const other of accepted) parts = parts.flatMap((part) => cut(part, other));
    pieces[s] = parts;
    for (const part of parts) {
      const key = keyOf(part);
      if (indexOf.has(key)) continue;
      indexOf.set(key, accepted.length);
      accepted.push(part);
    }
  }
  // Larger sets first, so that parents stand before children: pieces cut later may be larger than ones before them.
  const bySize = [...accepted.keys()].toSorted((a, b) => accepted[b].size - accepted[a].size || a - b);
  const members = bySize.map((index) => accepted[index]);
  const place = new Map(bySize.map((index, at) => [index, at]));
  const parent = members.map((set, at) => smallestAround(members, set, at));
  const weightOf = (set: ReadonlySet<number>): number => [...set].reduce((sum, member) => sum + weight(member), 0);
  const parts = pieces.map((own, s) => {
    const all = weightOf(sets[s]);
    return own.map((piece) => ({
      set: place.get(indexOf.get(keyOf(piece)) ?? -1) ?? -1,
      share: own.length === 1 ? 1 : weightOf(piece) / all,
    }));
  });
  return { parent, members, parts };
}

/** The set whole when it is nested in the other, around it or apart; else its two pieces. */
function cut(set: ReadonlySet<number>, other: ReadonlySet<number>): ReadonlySet<number>[] {
  const inside = set.intersection(other);
  if (inside.size === 0 || inside.size === set.size || inside.size === other.size) return [set];
  return [inside, set.difference(other)];
}

function smallestAround(members: readonly ReadonlySet<number>[], set: ReadonlySet<number>, at: number): number {
  const [first] = set;
  // The nearest before it that holds one of its members holds all of them.
  for (let n = at - 1; n >= 0; n--) if (members[n].has(first)) return n;
  return -1;
}

function keyOf(set: ReadonlySet<number>): string {
  return [...set].toSorted((a, b) => a - b).join();
}
