import { type Cell, cellMs, type Moment, type NodeView } from './world.ts';

const width = 78;

const bold = (text: string, color: boolean): string => (color ? `\u001b[1m${text}\u001b[0m` : text);
const paint = (text: string, code: number, color: boolean): string =>
  color ? `\u001b[${code}m${text}\u001b[0m` : text;

const signByCell: Readonly<Record<Cell, readonly [string, number]>> = {
  main: ['█', 32],
  standby: ['▓', 36],
  nobody: ['_', 31],
  unknown: ['·', 90],
};

/** The last seconds as a bar: one sign for each tenth of a second. */
export const bar = (cells: readonly Cell[], color: boolean): string =>
  cells
    .map((cell) => {
      const [sign, code] = signByCell[cell];
      return paint(sign, code, color);
    })
    .join('');

const nodeLine = (node: NodeView, color: boolean): string => {
  const mark = !node.power ? '✗' : node.serves ? '●' : '○';
  const words = node.power ? node.doing : 'no power';
  const facts = node.power
    ? `epoch ${String(node.epoch).padEnd(4)} telephony ${node.health.padEnd(8)} ${Math.max(0, node.calls)} calls`
    : '';
  const line = `  ${mark} ${node.role.padEnd(9)} ${words.padEnd(24)} ${facts}`.slice(0, width);
  if (!node.power) return paint(line, 31, color);
  return node.serves ? paint(line, node.role === 'main' ? 32 : 36, color) : line;
};

const clock = (elapsedMs: number): string => `${(elapsedMs / 1000).toFixed(1).padStart(5)} s`;

/** The whole view as lines of at most 80 columns. Pure. */
export const frame = (
  title: string,
  moment: Moment,
  notes: readonly string[],
  elapsedMs: number,
  color: boolean,
): readonly string[] => {
  const { calls } = moment;
  return [
    `${bold(title.slice(0, width - 9).padEnd(width - 9), color)}${clock(elapsedMs)}`,
    '',
    ...moment.nodes.map((node) => nodeLine(node, color)),
    `    checkpoint ${moment.checkpoint}`.slice(0, width),
    `    trunk      ${moment.trunk}`.slice(0, width),
    '',
    `  ${moment.phones} telephones; one asks every 10 ms, and was answered by`,
    `  ${bar(moment.cells, color)}`,
    `  ${paint('█', 32, color)} main  ${paint('▓', 36, color)} standby  ${paint('_', 31, color)} nobody     the last ${((moment.cells.length * cellMs) / 1000).toFixed(0)} seconds`,
    `  calls: ${calls.up} up, ${calls.placed} placed, ${calls.cut} cut`,
    '',
    ...notes.slice(-8).map((note) => `  ${note}`.slice(0, width)),
  ];
};

/** Says what the signs of `plainLine` mean. */
export const plainLegend = `Each sign is ${cellMs} ms of a telephone that asks every 10 ms: ${signByCell.main[0]} answered by the main, ${signByCell.standby[0]} by the standby, ${signByCell.nobody[0]} by nobody, ${signByCell.unknown[0]} before it began.`;

/** The same as one line, for where there is no terminal. Pure. */
export const plainLine = (moment: Moment, elapsedMs: number): string => {
  const serving = moment.nodes.filter((node) => node.power && node.serves).map(({ role }) => role);
  const who = serving.length === 0 ? 'nobody serves' : `${serving.join(' AND ')} serves`;
  const dark = moment.nodes.filter((node) => !node.power).map(({ role }) => `, the ${role} has no power`);
  return `${clock(elapsedMs)}  ${who}${dark.join('')}; ${bar(moment.cells.slice(-30), false)}`;
};
