/**
 * The stand-in for provd as a program of its host: its mood is a word in a file; `refuses-half` is one that refuses the second registrar, and
 * `refuses-lines` the first configuration with lines. What it holds is in other files.
 */
import { readFileSync, renameSync, watch, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { provdConfigsAt, provdDevices } from '../../src/xivo/testing/configs.ts';
import { type ProvdMood, startFakeProvd } from '../../src/xivo/testing/fake-provd.ts';
import { provdMainPath, provdMoodPath, provdPort, provdStatePath, provdToldPath } from './far-files.ts';

const main = readFileSync(provdMainPath, 'utf8').trim();
const provd = await startFakeProvd(provdConfigsAt(main), provdDevices, { host: '0.0.0.0', port: provdPort });

/** Of how many writes the next is refused: there are two registrars, then lines. */
const writesByMood: Readonly<Record<string, number>> = { 'refuses-half': 1, 'refuses-lines': 2 };

const readMood = (): void => {
  const word = readFileSync(provdMoodPath, 'utf8').trim();
  const writes = writesByMood[word];
  provd.mood = writes === undefined ? (word as ProvdMood) : 'well';
  provd.writesUntilRefusal = writes ?? -1;
};

readMood();
// A file is written beside it and renamed: the folder tells.
watch(dirname(provdMoodPath), (_kind, name) => {
  if (name !== null && provdMoodPath.endsWith(name)) readMood();
});

/** Whatever order its keys came in. */
const ordered = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, ordered(each)]));
};

const lastByPath = new Map<string, string>();
const tell = (path: string, text: string): void => {
  if (lastByPath.get(path) === text) return;
  lastByPath.set(path, text);
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
};

setInterval(() => {
  const lines = [...provd.configById].map(([id, config]) => `${id} ${JSON.stringify(ordered(config))}\n`);
  tell(provdStatePath, lines.join(''));
  tell(provdToldPath, provd.synchronized.map((device) => `${device}\n`).join(''));
}, 100);
