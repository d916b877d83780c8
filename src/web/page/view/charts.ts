/** Small charts, drawn as SVG, each with its figures as a table. */

import type { VNode } from 'preact';
import type { Millis, WallTime } from '../../contract.ts';
import { h } from './h.ts';
import { useOwnId } from './own-id.ts';
import { Table } from './parts.ts';
import { useUi } from './ui.ts';

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly wall: WallTime; readonly ms: Millis | null }[];
}

const WIDTH = 420;
const HEIGHT = 140;
const LEFT = 64;
const BOTTOM = 22;
const TOP = 8;

/** A round number not below `value`: 1, 2 or 5 times a power of ten. */
const roundUp = (value: number): number => {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((each) => each * power >= value) ?? 10;
  return factor * power;
};

/** The path of one series; a gap where nothing is known. */
export const pathOf = (points: Series['points'], x: (wall: WallTime) => number, y: (ms: Millis) => number): string => {
  let pen = 'M';
  const parts: string[] = [];
  for (const { wall, ms } of points) {
    if (ms === null) {
      pen = 'M';
      continue;
    }
    parts.push(`${pen}${x(wall).toFixed(1)} ${y(ms).toFixed(1)}`);
    pen = 'L';
  }
  return parts.join('');
};

const lastOf = ({ points }: Series): Millis | null => points.at(-1)?.ms ?? null;
const valuesOf = ({ points }: Series): readonly Millis[] => points.flatMap(({ ms }) => (ms === null ? [] : [ms]));
const mostOf = (series: Series): Millis | null => {
  const values = valuesOf(series);
  return values.length === 0 ? null : Math.max(...values);
};

const Figures = ({ title, series }: { readonly title: string; readonly series: readonly Series[] }): VNode => {
  const { t, span } = useUi();
  const show = (ms: Millis | null): string => (ms === null ? t('chart.not-known') : span(ms));
  return h(Table, {
    caption: title,
    head: [t('chart.what'), t('chart.now'), t('chart.most')],
    rows: series.map((each) => ({ key: each.name, cells: [each.name, show(lastOf(each)), show(mostOf(each))] })),
  });
};

/** Times over the minutes since the page was opened. */
export const LineChart = ({ title, series }: { readonly title: string; readonly series: readonly Series[] }): VNode => {
  const { t, span, moment, state } = useUi();
  const id = useOwnId();
  const walls = series.flatMap(({ points }) => points.map(({ wall }) => wall));
  if (walls.length < 2)
    return h('figure', { class: 'chart' }, h('figcaption', null, title), h('p', { class: 'quiet' }, t('chart.wait')));
  const [from, to] = [Math.min(...walls), Math.max(...walls)];
  const top = roundUp(Math.max(10, ...series.flatMap(valuesOf)));
  const x = (wall: WallTime): number => LEFT + ((wall - from) / Math.max(1, to - from)) * (WIDTH - LEFT - 8);
  const y = (ms: Millis): number => HEIGHT - BOTTOM - (ms / top) * (HEIGHT - BOTTOM - TOP);
  const lines = [0, 0.5, 1].map((share) => share * top);
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', { id }, title),
    h(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-labelledby': id },
      ...lines.map((ms) =>
        h(
          'g',
          { key: ms },
          h('line', { class: 'grid', x1: LEFT, x2: WIDTH - 8, y1: y(ms), y2: y(ms) }),
          h('text', { x: LEFT - 6, y: y(ms) + 4, 'text-anchor': 'end' }, span(ms)),
        ),
      ),
      h('text', { x: LEFT, y: HEIGHT - 6 }, moment(from, state.now)),
      h('text', { x: WIDTH - 8, y: HEIGHT - 6, 'text-anchor': 'end' }, moment(to, state.now)),
      ...series.map(({ name, points }, index) =>
        h('path', { key: name, class: `line line-${index % 6}`, d: pathOf(points, x, y) }),
      ),
    ),
    h(
      'ul',
      { class: 'legend' },
      ...series.map(({ name }, index) =>
        h('li', { key: name }, h('span', { class: `key line-${index % 6}`, 'aria-hidden': true }), name),
      ),
    ),
    h('details', null, h('summary', null, t('chart.figures')), h(Figures, { title, series })),
  );
};

export interface Bar {
  readonly wall: WallTime;
  readonly name: string;
  readonly ms: Millis;
}

/** One bar a happening, the newest on top. */
export const BarChart = ({ title, bars }: { readonly title: string; readonly bars: readonly Bar[] }): VNode => {
  const { t, span, moment, state } = useUi();
  const most = Math.max(1, ...bars.map(({ ms }) => ms));
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', null, title),
    bars.length === 0
      ? h('p', { class: 'quiet' }, t('chart.no-outage'))
      : h(
          'ul',
          { class: 'bars' },
          ...bars.map(({ wall, name, ms }) =>
            h(
              'li',
              { key: wall },
              h('span', null, `${moment(wall, state.now)} · ${name} · `, h('strong', null, span(ms))),
              h(
                'svg',
                { viewBox: '0 0 100 4', preserveAspectRatio: 'none', 'aria-hidden': true },
                h('rect', { class: 'bar', x: 0, y: 0, height: 4, width: Math.max(0.5, (ms / most) * 100) }),
              ),
            ),
          ),
        ),
  );
};
