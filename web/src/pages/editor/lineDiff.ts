/** One line of a text against an earlier one. */
export interface DiffLine {
  is: 'SAME' | 'ADDED' | 'GONE';
  text: string;
}

/** Longer texts than this are not compared line by line: the work grows with the square. */
const MOST_LINES = 600;

/** What a text has that the earlier one had not, and the other way round, in reading order; by a longest common subsequence. */
export function diffLines(before: string, after: string): DiffLine[] {
  const [old, next] = [linesOf(before), linesOf(after)];
  const all = (is: DiffLine['is'], lines: readonly string[]) => lines.map((text): DiffLine => ({ is, text }));
  if (old.length > MOST_LINES || next.length > MOST_LINES) return [...all('GONE', old), ...all('ADDED', next)];
  // common[i][j]: how many lines old from i and next from j have in common.
  const common = Array.from({ length: old.length + 1 }, (): number[] => Array.from({ length: next.length + 1 }, () => 0));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = next.length - 1; j >= 0; j -= 1)
      (common[i] as number[])[j] = old[i] === next[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < next.length) {
    if (i < old.length && j < next.length && old[i] === next[j]) {
      lines.push({ is: 'SAME', text: old[i] as string });
      i += 1;
      j += 1;
    } else if (j >= next.length || (i < old.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ is: 'GONE', text: old[i] as string });
      i += 1;
    } else {
      lines.push({ is: 'ADDED', text: next[j] as string });
      j += 1;
    }
  }
  return lines;
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.split('\n'));
