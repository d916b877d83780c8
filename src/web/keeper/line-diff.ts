/** Two texts compared by lines, as a person reads it: what goes, what comes, and two lines around. Pure. */
import type { DiffLine } from '../contract.ts';

const AROUND = 2;
/** Beyond it the comparison would take seconds; then all of the middle goes and comes. */
const MOST_CELLS = 4_000_000;

/** Length of the longest common part of each two rests. */
const tableOf = (a: readonly string[], b: readonly string[]): readonly Uint32Array[] => {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const [here, below] = [rows[i] ?? [], rows[i + 1] ?? []];
      here[j] = a[i] === b[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, here[j + 1] ?? 0);
    }
  return rows;
};

const compared = (a: readonly string[], b: readonly string[]): readonly DiffLine[] => {
  const isTooMuch = a.length * b.length > MOST_CELLS;
  const table = isTooMuch ? [] : tableOf(a, b);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (!isTooMuch && left !== undefined && left === right) {
      lines.push({ sign: ' ', line: j + 1, text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || (table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0))) {
      lines.push({ sign: '-', line: i + 1, text: left });
      i += 1;
    } else {
      lines.push({ sign: '+', line: j + 1, text: right ?? '' });
      j += 1;
    }
  }
  return lines;
};

const SECRET = /((?:password|passwd|secret|token|key|psk)[^\s:=]*[\s:=]+).*$/i;

/** Of what stays only where it stands is shown: it may hold what is nobody's business. */
const shown = ({ sign, line, text }: DiffLine): DiffLine => ({
  sign,
  line,
  text: sign === ' ' ? (/^\s*(?:- )?[\w-]+:/.exec(text)?.[0] ?? '…') : text.replace(SECRET, '$1(hidden)'),
});

/** Empty where nothing differs. `line` counts from 1: in the former text for `-`, in the new one else. */
export const diffOf = (former: string, next: string): readonly DiffLine[] => {
  const lines = compared(former.split('\n'), next.split('\n'));
  const near = new Set(
    lines.flatMap(({ sign }, index) =>
      sign === ' ' ? [] : Array.from({ length: 2 * AROUND + 1 }, (_none, offset) => index - AROUND + offset),
    ),
  );
  return lines.filter((_line, index) => near.has(index)).map(shown);
};
