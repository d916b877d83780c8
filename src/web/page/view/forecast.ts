/** What the simulator told: for each fault, how long nobody would serve. */

import type { VNode } from 'preact';
import type { Forecast, ForecastRow } from '../../contract.ts';
import { h } from './h.ts';
import { Badge, type Level, Table } from './parts.ts';
import { type Ui, useUi } from './ui.ts';

/** Shorter is heard by nobody. */
const UNHEARD_MS = 20;
/** A person on the telephone notices a word that is missing. */
const SHORT_MS = 300;

const meaningOf = ({ p99 }: ForecastRow): readonly [Level, 'none' | 'short' | 'heard'] => {
  if (p99 < UNHEARD_MS) return ['good', 'none'];
  return p99 < SHORT_MS ? ['good', 'short'] : ['warning', 'heard'];
};

const cellsOf = (row: ForecastRow, { t, word, span }: Ui) => {
  const [level, meaning] = meaningOf(row);
  return [
    word('forecast-fault', row.fault),
    row.p50 < 0.5 ? '–' : span(row.p50),
    row.p99 < 0.5 ? '–' : span(row.p99),
    h(Badge, { level }, t(`forecast.${meaning}`)),
  ];
};

export const ForecastTable = ({ forecast }: { readonly forecast: Forecast }): VNode => {
  const ui = useUi();
  const { t, span } = ui;
  const { rows, tookMs, preset } = forecast;
  const runs = rows[0]?.runs ?? 0;
  return h(
    'div',
    null,
    h(Table, {
      caption: t('forecast.caption', { preset, runs, span: span(tookMs) }),
      head: [t('forecast.fault'), t('forecast.usual'), t('forecast.longest'), t('forecast.meaning')],
      rows: rows.map((row) => ({ key: row.fault, cells: cellsOf(row, ui) })),
    }),
    h('p', { class: 'quiet' }, t('forecast.note')),
  );
};
