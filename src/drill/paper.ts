/** The report as a page of its own: no script, nothing from elsewhere; light and dark on a screen, plain on paper. */
import { pictureOf } from './picture.ts';
import { type DrillReport, digestOfReport } from './report.ts';
import { factsOf, OUTCOME_WORD, stepsOf, summaryWords } from './words.ts';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Written here alone, so that its digest can stand in a page's policy. */
export const PAPER_STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--faint:#5a6472;--line:#d5dae1;--yes:#2e7d4f;--own:#9ccbae;--no:#c62828}
@media(prefers-color-scheme:dark){:root{--ink:#e7eaee;--paper:#14171b;--faint:#9aa5b1;--line:#333a43;--yes:#4caf78;--own:#2c5a41;--no:#ef6b62}}
@media print{:root{--ink:#000;--paper:#fff;--faint:#444;--line:#bbb;--yes:#2e7d4f;--own:#9ccbae;--no:#c62828}body{margin:0!important}section{break-inside:avoid}}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{margin:2rem auto;max-width:46rem;padding:0 1rem;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.4rem;margin:0 0 .3rem}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
.outcome{font-size:1.1rem;margin:0}.passed b{color:var(--yes)}.failed b,.gave-way b,.interrupted b{color:var(--no)}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;border-top:1px solid var(--line)}
th{font-weight:600;white-space:nowrap}td.time{font-variant-numeric:tabular-nums;white-space:nowrap;color:var(--faint)}
.yes{fill:var(--yes)}.own{fill:var(--own)}.no{fill:var(--no)}.tick,.mark-word{font-size:11px;fill:var(--faint)}.mark-word{text-anchor:middle}.mark{stroke:var(--ink);stroke-width:1.5}
svg{width:100%;height:auto}.legend{color:var(--faint);font-size:.9em}.legend i{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em}
.i-yes{background:var(--yes)}.i-own{background:var(--own)}.i-no{background:var(--no)}
code{font-size:.82em;overflow-wrap:anywhere}.wide{overflow-x:auto}
`;

const rows = (all: readonly (readonly [string, string])[]): string =>
  all.map(([name, text]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(text)}</td></tr>`).join('');

const LEGEND =
  '<p class="legend"><i class="i-yes"></i>answered over the network<i class="i-own"></i>by the serving node’s own word alone<i class="i-no"></i>no answer; each tenth of a second, ten seconds a row</p>';

const formerRows = ({ former }: DrillReport): string =>
  former
    .map(
      (each) =>
        `<tr>${summaryWords(each)
          .map((text) => `<td>${escaped(text)}</td>`)
          .join('')}</tr>`,
    )
    .join('');

const section = (title: string, body: string): string => `<section><h2>${title}</h2>${body}</section>`;

/** A whole document. */
export const paperOf = (report: DrillReport): string => {
  const { id, kind, outcome, text, remedy, journal } = report;
  const picture = pictureOf(report);
  const steps = stepsOf(report)
    .map((step) => `<tr><td class="time">${step.time}</td><td>${escaped(step.text)}</td></tr>`)
    .join('');
  const proof = [
    ['Journal of', journal.node],
    ['Before', `entry ${journal.from.seq}, ${journal.from.hash}`],
    ['After', `entry ${journal.to.seq}, ${journal.to.hash}`],
    ['This report', digestOfReport(report)],
  ] as const;
  const body = [
    `<h1>Drill ${id}: ${kind}</h1><p class="outcome ${outcome}"><b>${OUTCOME_WORD[outcome]}</b> — ${escaped(text)}</p>`,
    remedy === '' ? '' : `<p>${escaped(remedy)}</p>`,
    picture === '' ? '' : section('What telephones saw', picture + LEGEND),
    section('Facts', `<table>${rows(factsOf(report).map(({ name, text: fact }) => [name, fact] as const))}</table>`),
    section('Steps', `<table>${steps}</table>`),
    report.former.length === 0
      ? ''
      : section(
          'The last drills of this kind',
          `<div class="wide"><table><tr><th>drill</th><th>when</th><th>kind</th><th>outcome</th><th>there</th><th>back</th></tr>${formerRows(report)}</table></div>`,
        ),
    section(
      'Proof',
      `<table>${proof.map(([name, value]) => `<tr><th scope="row">${name}</th><td><code>${escaped(value)}</code></td></tr>`).join('')}</table><p class="legend">The journal’s chain holds the digest of this report; <code>dualtone drill verify ${id}</code> proves both.</p>`,
    ),
  ];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Drill ${id}</title><style>${PAPER_STYLE}</style></head><body>${body.join('')}</body></html>\n`;
};
