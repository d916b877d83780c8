/** What telephones saw, second by second, as a picture: a row of slots for each ten seconds. Plain SVG, for a page and for paper. */
import type { DrillReport, DrillStep } from './report.ts';

const ROW_MS = 10_000;
const WIDTH = 720;
const LEFT = 56;
const ROW = 26;
const BAR = 14;
const TOP = 8;

const CLASS: Readonly<Record<string, string>> = { y: 'yes', o: 'own', n: 'no' };

interface Run {
  readonly slot: string;
  readonly from: number;
  readonly length: number;
}

/** Slots that are alike, one after the other. */
const runsOf = (slots: string): readonly Run[] =>
  [...slots.matchAll(/(.)\1*/g)].map(({ 0: all, 1: slot = '', index }) => ({ slot, from: index, length: all.length }));

const MARKS: Partial<Record<DrillStep['what'], string>> = {
  moved: 'standby',
  returned: 'main',
  stopped: 'stop',
  fault: 'fault',
};

/** Empty where nothing was measured. Colours are the page's: classes `yes`, `own`, `no`, `mark`, `tick`. */
export const pictureOf = ({ phones: { seen }, steps }: Pick<DrillReport, 'phones' | 'steps'>): string => {
  if (seen === null || seen.slots === '') return '';
  const perRow = ROW_MS / seen.stepMs;
  const slotWidth = (WIDTH - LEFT - 8) / perRow;
  const rows = Math.ceil(seen.slots.length / perRow);
  const x = (slot: number): string => (LEFT + slot * slotWidth).toFixed(1);
  const parts: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    const y = TOP + row * ROW;
    parts.push(`<text class="tick" x="0" y="${y + BAR - 3}">${(row * ROW_MS) / 1000} s</text>`);
    for (const { slot, from, length } of runsOf(seen.slots.slice(row * perRow, (row + 1) * perRow))) {
      const name = CLASS[slot];
      if (name === undefined) continue;
      const width = (length * slotWidth - (name === 'no' ? 0 : 0.4)).toFixed(1);
      parts.push(`<rect class="${name}" x="${x(from)}" y="${y}" width="${width}" height="${BAR}"/>`);
    }
  }
  for (const { at, what } of steps) {
    const mark = MARKS[what];
    const slot = (at - seen.startedAt) / seen.stepMs;
    const row = Math.floor(slot / perRow);
    if (mark === undefined || row < 0 || row >= rows) continue;
    const y = TOP + row * ROW;
    const within = x(slot - row * perRow);
    parts.push(
      `<path class="mark" d="M${within} ${y - 3}v${BAR + 6}"/><text class="mark-word" x="${within}" y="${y + BAR + 9}">${mark}</text>`,
    );
  }
  const height = TOP + rows * ROW + 6;
  const label = `What telephones saw: ${seen.silences.length} silences in ${((seen.slots.length * seen.stepMs) / 1000).toFixed(0)} s`;
  return `<svg class="drill-picture" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}" xmlns="http://www.w3.org/2000/svg">${parts.join('')}</svg>`;
};

/** The same for a terminal: a letter a tenth of a second, ten seconds a line. */
export const linesOfPicture = ({ phones: { seen } }: Pick<DrillReport, 'phones'>): readonly string[] => {
  if (seen === null) return [];
  const perRow = ROW_MS / seen.stepMs;
  const rows = Math.ceil(seen.slots.length / perRow);
  const drawn = seen.slots.replaceAll('y', '█').replaceAll('o', '▓').replaceAll('n', '·').replaceAll('-', ' ');
  return Array.from({ length: rows }, (_none, row) => {
    const second = String((row * ROW_MS) / 1000).padStart(4);
    return `${second} s  ${drawn.slice(row * perRow, (row + 1) * perRow)}`;
  });
};
