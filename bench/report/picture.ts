/** Pictures of measurements: plain SVG, readable on a light and on a dark page. */

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${x}" y="${y}"${more}>${escaped(words)}</text>`;

const frame = (width: number, height: number, title: string, body: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(12, 20, title, ' font-size="14" font-weight="bold"'),
    ...body,
    '</svg>',
    '',
  ].join('\n');

/** Whole powers of ten that a logarithmic axis shows. */
const decades = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.log10(to / from) + 1 }, (_none, index) => from * 10 ** index);

/** A time in ms as people say it. */
export const shortTime = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${Number((ms / 1000).toFixed(1))} s` : `${Number((ms / 60_000).toFixed(1))} min`;
};

export interface Bar {
  readonly label: string;
  /** Milliseconds; Infinity: it did not end. */
  readonly ms: number;
  readonly isOurs: boolean;
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const labelWidth = 250;
const plotWidth = 380;
const rowHeight = 17;
const leastMs = 10;
const mostMs = 100_000;

const lengthOf = (ms: number): number => {
  const within = Math.min(Math.max(ms, leastMs), mostMs);
  return (Math.log10(within / leastMs) / Math.log10(mostMs / leastMs)) * plotWidth;
};

const barLines = ({ label, ms, isOurs }: Bar, y: number): readonly string[] => {
  const width = Math.max(2, lengthOf(ms));
  const fill = isOurs ? '#0b6e4f' : Number.isFinite(ms) ? '#8a8f98' : '#b3261e';
  const words = Number.isFinite(ms) ? shortTime(ms) : 'did not end';
  return [
    text(labelWidth - 6, y + 12, label, ' text-anchor="end"'),
    `<rect x="${labelWidth}" y="${y + 2}" width="${width.toFixed(1)}" height="${rowHeight - 4}" fill="${fill}"/>`,
    text(labelWidth + Number(width.toFixed(1)) + 5, y + 12, words),
  ];
};

/** Bars on a logarithmic axis from 10 ms to 100 s, in groups. Pure. */
export const barPicture = (title: string, groups: readonly BarGroup[]): string => {
  const body: string[] = [];
  let y = 34;
  for (const group of groups) {
    body.push(text(12, y + 13, group.title, ' font-weight="bold"'));
    y += 20;
    const bottom = y + group.bars.length * rowHeight;
    for (const ms of decades(leastMs, mostMs)) {
      const x = (labelWidth + lengthOf(ms)).toFixed(1);
      body.push(`<line x1="${x}" y1="${y}" x2="${x}" y2="${bottom}" stroke="#d7dae0"/>`);
    }
    for (const bar of group.bars) {
      body.push(...barLines(bar, y));
      y += rowHeight;
    }
    y += 8;
  }
  return frame(labelWidth + plotWidth + 90, y + 4, title, body);
};

export interface Series {
  readonly label: string;
  readonly colour: string;
  /** x is a count, y milliseconds. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const left = 70;
const top = 40;
const areaWidth = 460;
const areaHeight = 260;

/** Points joined by lines, both axes logarithmic. Pure. */
export const linePicture = (
  title: string,
  axis: string,
  [fromX, toX]: readonly [number, number],
  [fromY, toY]: readonly [number, number],
  series: readonly Series[],
): string => {
  const atX = (x: number): string => (left + (Math.log10(x / fromX) / Math.log10(toX / fromX)) * areaWidth).toFixed(1);
  const atY = (y: number): string =>
    (top + areaHeight - (Math.log10(Math.max(y, fromY) / fromY) / Math.log10(toY / fromY)) * areaHeight).toFixed(1);
  const body: string[] = [];
  for (const x of decades(fromX, toX)) {
    body.push(`<line x1="${atX(x)}" y1="${top}" x2="${atX(x)}" y2="${top + areaHeight}" stroke="#d7dae0"/>`);
    body.push(text(Number(atX(x)), top + areaHeight + 16, String(x), ' text-anchor="middle"'));
  }
  for (const y of decades(fromY, toY)) {
    body.push(`<line x1="${left}" y1="${atY(y)}" x2="${left + areaWidth}" y2="${atY(y)}" stroke="#d7dae0"/>`);
    body.push(text(left - 6, Number(atY(y)) + 4, shortTime(y), ' text-anchor="end"'));
  }
  body.push(text(left + areaWidth / 2, top + areaHeight + 34, axis, ' text-anchor="middle"'));
  for (const [index, { label, colour, points }] of series.entries()) {
    const path = points.map(({ x, y }) => `${atX(x)},${atY(y)}`).join(' ');
    body.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const { x, y } of points) {
      body.push(`<circle cx="${atX(x)}" cy="${atY(y)}" r="3.5" fill="${colour}"/>`);
      body.push(text(Number(atX(x)) + 6, Number(atY(y)) - 6, shortTime(y), ' font-size="11"'));
    }
    const legendY = top + areaHeight + 54 + index * 16;
    body.push(`<rect x="${left}" y="${legendY - 9}" width="12" height="10" fill="${colour}"/>`);
    body.push(text(left + 18, legendY, label));
  }
  return frame(left + areaWidth + 60, top + areaHeight + 60 + series.length * 16, title, body);
};
