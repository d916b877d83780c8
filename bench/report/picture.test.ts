import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barPicture, linePicture, shortTime } from './picture.ts';

test('times are said as people say them', () => {
  assert.deepEqual([0, 580.4, 1250, 60_000, 90_000].map(shortTime), ['0 ms', '580 ms', '1.3 s', '1 min', '1.5 min']);
});

test('a longer outage is a longer bar, and what did not end says so', () => {
  const bar = (label: string, ms: number) => ({ label, ms, isOurs: false });
  const picture = barPicture('a < b', [
    { title: 'x', bars: [bar('short', 100), bar('never', Number.POSITIVE_INFINITY)] },
  ]);
  const widths = [...picture.matchAll(/<rect x="250" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
  assert.deepEqual(widths, [95, 380]);
  assert.match(picture, /<title>a &lt; b<\/title>/);
  assert.match(picture, /did not end/);
});

test('points lie where logarithmic axes have them', () => {
  const points = [
    { x: 100, y: 100 },
    { x: 10_000, y: 100_000 },
  ];
  const picture = linePicture('t', 'n', [100, 10_000], [100, 100_000], [{ label: 'l', colour: '#000', points }]);
  assert.match(picture, /<polyline points="70\.0,300\.0 530\.0,40\.0"/);
});
