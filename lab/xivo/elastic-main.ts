/** The stand-in for Elasticsearch as a program of its host; what it holds is told in a file. */
import { renameSync, writeFileSync } from 'node:fs';
import { startElastic } from '../../src/reporting/testing/elastic.ts';
import { elasticStatePath } from './far-files.ts';

const elastic = await startElastic({}, { host: '0.0.0.0', port: 9200 });

/** Each queue event on a line: its call and its name. */
const held = (): string =>
  elastic
    .documents('xivo-queue_log')
    .map((document) => `${String(document['callid'])} ${String(document['event'])}\n`)
    .join('');

setInterval(() => {
  writeFileSync(`${elasticStatePath}.new`, held());
  renameSync(`${elasticStatePath}.new`, elasticStatePath);
}, 200);
