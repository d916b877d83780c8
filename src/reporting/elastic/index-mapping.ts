/** The index of a table: made where it is missing, and looked at, since a document's name is unique in one index only. */
import { fail, ok, type Result } from '../../core/result.ts';
import { isRecord } from '../../core/words.ts';
import type { Key } from '../core/words.ts';
import { type Caller, oddAnswer } from './http.ts';

const mappings = {
  properties: {
    '@timestamp': { type: 'date' },
    dualtone: {
      properties: {
        origin: { type: 'keyword' },
        key: { type: 'long' },
        sender: { type: 'keyword' },
        'sender-key': { type: 'long' },
        node: { type: 'keyword' },
        table: { type: 'keyword' },
      },
    },
  },
};

const unfit = (index: string, why: string) =>
  fail(
    'reporting-index-unfit',
    `The index \`${index}\` of Elasticsearch does not fit: ${why}.`,
    'Let Dualtone make an index of its own: give another `reporting.elasticsearch.index`, or see its index templates.',
  );

const typeAt = (mapping: unknown, name: string): unknown => {
  const own = isRecord(mapping) && isRecord(mapping['properties']) ? mapping['properties']['dualtone'] : null;
  const field = isRecord(own) && isRecord(own['properties']) ? own['properties'][name] : null;
  return isRecord(field) ? field['type'] : undefined;
};

const judge = (index: string, json: unknown): Result<null> => {
  const indices = isRecord(json) ? Object.entries(json) : [];
  const [first, second] = indices;
  if (first === undefined || second !== undefined) return unfit(index, 'it is no single index');
  const [name, found] = first;
  // Behind a data stream names are unique in one of its indices only.
  if (name.startsWith('.ds-')) return unfit(index, 'it is a data stream');
  const mapping = isRecord(found) ? found['mappings'] : null;
  const wanted = [
    ['origin', 'keyword'],
    ['key', 'long'],
    ['sender', 'keyword'],
    ['sender-key', 'long'],
  ] as const;
  const wrong = wanted.find(([field, type]) => typeAt(mapping, field) !== type);
  return wrong === undefined ? ok(null) : unfit(index, `\`dualtone.${wrong[0]}\` is no ${wrong[1]} there`);
};

const path = (index: string): string => `/${encodeURIComponent(index)}`;

/** Faults: `reporting-index-unfit`, those of `Caller.ask`. */
export const ensureIndex = async (caller: Caller, url: string, index: string): Promise<Result<null>> => {
  const asked = await caller.ask({ method: 'GET', path: path(index) });
  if (!asked.ok) return asked;
  if (asked.value.status === 200) return judge(index, asked.value.json);
  if (asked.value.status !== 404) return oddAnswer(url, asked.value, `asked for ${index}`);
  const made = await caller.ask({ method: 'PUT', path: path(index), body: JSON.stringify({ mappings }) });
  if (!made.ok) return made;
  const { status } = made.value;
  // 400: the other node has just made it.
  if (status !== 200 && status !== 400) return oddAnswer(url, made.value, `making ${index}`);
  const again = await caller.ask({ method: 'GET', path: path(index) });
  if (!again.ok) return again;
  return again.value.status === 200
    ? judge(index, again.value.json)
    : oddAnswer(url, again.value, `asked for ${index}`);
};

/** What was written is found by searches from now on. Faults: those of `Caller.ask`. */
export const refreshIndex = async (caller: Caller, url: string, index: string): Promise<Result<null>> => {
  const refreshed = await caller.ask({ method: 'POST', path: `${path(index)}/_refresh` });
  if (!refreshed.ok) return refreshed;
  return refreshed.value.status === 200 ? ok(null) : oddAnswer(url, refreshed.value, `refreshing ${index}`);
};

/** The highest number that `sender` has sent; null: none. Where the other node sent an event first, a lower one is told: then it is offered again. */
export const highestSent = async (
  caller: Caller,
  url: string,
  index: string,
  sender: string,
): Promise<Result<Key | null>> => {
  const refreshed = await refreshIndex(caller, url, index);
  if (!refreshed.ok) return refreshed;
  const body = JSON.stringify({
    size: 0,
    query: { term: { 'dualtone.sender': sender } },
    aggs: { highest: { max: { field: 'dualtone.sender-key' } } },
  });
  const found = await caller.ask({ method: 'POST', path: `${path(index)}/_search`, body });
  if (!found.ok) return found;
  const { json } = found.value;
  const aggregations = isRecord(json) ? json['aggregations'] : null;
  const highest = isRecord(aggregations) ? aggregations['highest'] : null;
  const isWhole = isRecord(json) && json['timed_out'] === false && found.value.status === 200;
  if (!isWhole || !isRecord(highest)) return oddAnswer(url, found.value, `searching ${index}`);
  return ok(typeof highest['value'] === 'number' ? highest['value'] : null);
};

/** Documents of `origin` with numbers of that span. Refreshed before, by who asks. */
export const countDocuments = async (
  caller: Caller,
  url: string,
  index: string,
  origin: string,
  { from, to }: { readonly from: Key; readonly to: Key },
): Promise<Result<number>> => {
  const filter = [{ term: { 'dualtone.origin': origin } }, { range: { 'dualtone.key': { gte: from, lte: to } } }];
  const body = JSON.stringify({ query: { bool: { filter } } });
  const counted = await caller.ask({ method: 'POST', path: `${path(index)}/_count`, body });
  if (!counted.ok) return counted;
  const { status, json } = counted.value;
  const shards = isRecord(json) ? json['_shards'] : null;
  const isWhole = isRecord(shards) && shards['failed'] === 0;
  if (status !== 200 || !isWhole || !isRecord(json) || typeof json['count'] !== 'number')
    return oddAnswer(url, counted.value, `counting in ${index}`);
  return ok(json['count']);
};
