/** A merge of events in a process of its own, to be killed at any point: `node killed.ts '{"main":…,"standby":…}' PASS`. */
import { createEventsPart } from '../events/part.ts';
import { eventsOptions, identity, options, type Reach } from './nodes.ts';

const nodes = JSON.parse(process.argv[2] ?? '') as { readonly main: Reach; readonly standby: Reach };
const part = createEventsPart(eventsOptions(nodes, { batchRows: 50 }));
const pass = process.argv[3] === 'first' ? 'first' : 'second';
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const result = await part.run(identity(), options({ pass, onProgress: ({ what, done }) => say(`${what} ${done}`) }));
say(result.ok ? `ended ${result.value.count}` : `fault ${result.error.code}: ${result.error.message}`);
