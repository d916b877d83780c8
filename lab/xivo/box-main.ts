/** The stand-in for a berofos box as a program of its host: its mood is a word in a file, and its settings are in another. */
import { readFileSync, watch, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Mood, startFakeBox } from '../../src/switches/testing/fake-box.ts';
import { boxLogin, boxMoodPath, boxStatePath } from './far-files.ts';

const box = await startFakeBox(boxLogin, { host: '0.0.0.0', port: 80 });

const readMood = (): void => {
  box.mood = readFileSync(boxMoodPath, 'utf8').trim() as Mood;
};

readMood();
// A file is written beside it and renamed: the folder tells.
watch(dirname(boxMoodPath), (_kind, name) => {
  if (name !== null && boxMoodPath.endsWith(name)) readMood();
});

let last = '';
setInterval(() => {
  const text = [...box.values].map(([key, value]) => `${key}=${value}\n`).join('');
  if (text !== last) writeFileSync(boxStatePath, text);
  last = text;
}, 100);
