/** At most three of `names` that `text` may have meant, the likeliest first. */
export function nearNames(text: string, names: readonly string[]): string[] {
  if (text.length < 2 || text.length > 40) return [];
  const wanted = text.toLowerCase();
  const most = Math.max(1, Math.floor(text.length / 3));
  return names
    .map((name) => ({ name, distance: editDistance(wanted, name.toLowerCase(), most) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Levenshtein's distance, Infinity when it is certainly more than `most`. */
export function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replace, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    if (Math.min(...row) > most) return Infinity;
  }
  return row[b.length] ?? Infinity;
}
