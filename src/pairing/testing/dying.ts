/**
 * A process that joins, or invites, and is killed at a given one of its durable writes: `node dying.ts FOLDER AT BEFORE|AFTER join TOKEN`, or
 * `… invite`. With AT beyond the last one it lives.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [folder = '', at = '0', when = 'before', what = '', token = ''] = process.argv.slice(2);
let writes = 0;
const die = (): boolean => process.kill(process.pid, 'SIGKILL');
const { renameSync, mkdirSync } = fs;
/** Every durable write ends with one of these. */
const deadly =
  <A extends readonly unknown[], R>(work: (...given: A) => R) =>
  (...given: A): R => {
    const isLast = writes === Number(at);
    writes += 1;
    if (isLast && when === 'before') die();
    const done = work(...given);
    if (isLast) die();
    return done;
  };
fs.renameSync = deadly(renameSync);
fs.mkdirSync = deadly(mkdirSync);
syncBuiltinESMExports();

const { mainAnswers, standbyAnswers, surroundingsIn } = await import('./machine.ts');
const around = surroundingsIn(folder, []);
if (what === 'join') {
  const { joinWith } = await import('../joining.ts');
  const joined = await joinWith(token, standbyAnswers, around);
  process.stdout.write(joined.ok ? 'joined' : joined.error.code);
} else {
  const { beginInviting } = await import('../inviting.ts');
  const inviting = await beginInviting(mainAnswers, around);
  if (!inviting.ok) throw new Error(inviting.error.code);
  process.stdout.write(`${inviting.value.tokens[0]?.token}\n`);
  const ended = await inviting.value.ended;
  process.stdout.write(ended.ok ? 'paired' : ended.error.code);
}
