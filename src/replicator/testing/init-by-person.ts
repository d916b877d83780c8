/** `dualtone sync init --ssh` on a terminal of a test's own, by a person who knows every host. usage: init-by-person.ts FILE with `streams.ssh` as JSON */
import { readFileSync } from 'node:fs';
import { configOf } from '../../agent/testing/config.ts';
import type { Config } from '../../config/config.ts';
import { initSyncByPerson } from '../sync/by-person.ts';

const ssh = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Config['streams']['ssh'];
const base = configOf('main');
const config: Config = { ...base, streams: { ...base.streams, ssh } };
const done = await initSyncByPerson(config, { knows: async () => true, say: (line) => console.error(line) });
console.info(done.ok ? `DONE ${done.value.pinned.join(' ')}` : `FAULT ${done.error.code}`);
