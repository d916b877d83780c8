/** Runs one merge to its end, to be killed by a test: `merge-main.ts HERE THERE BEFORE FOLDER run|undo`. */
import { createFileMerge } from '../merge/merge.ts';
import { localSources } from './trees.ts';

const [, , here = '', there = '', before = '', folder = '', what = ''] = process.argv;
const merge = createFileMerge({ directories: [here], kept: [] }, localSources(here, there, before), folder);
const options = { signal: new AbortController().signal, onProgress: () => process.stdout.write('.') };
const result = what === 'undo' ? await merge.undo(options) : await merge.run(options);
process.exitCode = result.ok ? 0 : 1;
