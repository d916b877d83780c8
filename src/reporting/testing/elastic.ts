/**
 * A stand-in for Elasticsearch, for tests: no Elasticsearch can run where they do. It speaks what reporting uses of the real
 * protocol (index, mapping, `_bulk` in NDJSON with a result for each item, `_refresh`, `_search` with one `max`, `_count`), over HTTP or HTTPS, with basic or
 * API-key authentication, and is slow, refusing, hanging, cut off or nonsensical when it is told to.
 */
import {
  createServer as createPlain,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type Fields, isRecord } from '../../core/words.ts';

/** What becomes of one request, once. */
export type Mishap =
  | 'hang'
  | 'reset-before'
  | 'reset-after'
  | 'truncate'
  | 'html'
  | 'no-items'
  | 'wrong-names'
  | 429
  | 503
  | 413
  | 401
  /** The items from the third on are rejected by a full queue, as one by one. */
  | 'busy-items';

export interface ElasticStandIn {
  readonly url: string;
  /** Documents of an index, in the order in which they came. */
  documents(index: string): readonly Fields[];
  names(index: string): readonly string[];
  /** How many were offered under a name that was there. */
  conflicts(): number;
  /** The next bulk requests, one each. */
  mishaps(list: readonly Mishap[]): void;
  /** As another mapping: documents that it does not fit are refused with 400. */
  refuse(unfit: (document: Fields) => boolean): void;
  remove(index: string, name: string): void;
  dropIndex(index: string): void;
  stop(): Promise<void>;
}

export interface ElasticStandInOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
  /** What `authorization` must say. */
  readonly authorization?: string;
  /** As it is after somebody's template has made the index. */
  readonly mapping?: Fields;
  readonly mostBytes?: number;
}

interface World {
  readonly options: ElasticStandInOptions;
  readonly indices: Map<string, { readonly mappings: Fields; readonly documents: Map<string, Fields> }>;
  mishaps: Mishap[];
  unfit: (document: Fields) => boolean;
  conflicts: number;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const errorOf = (status: number, type: string, reason: string): Reply => ({
  status,
  body: { error: { root_cause: [{ type, reason }], type, reason }, status },
});

const at = (document: Fields, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), document);

const matches = (query: unknown, document: Fields): boolean => {
  if (!isRecord(query)) return true;
  if (isRecord(query['term']))
    return Object.entries(query['term']).every(([path, value]) => at(document, path) === value);
  if (isRecord(query['range']))
    return Object.entries(query['range']).every(([path, bounds]) => {
      const value = Number(at(document, path));
      const { gte, lte } = bounds as { readonly gte: number; readonly lte: number };
      return value >= gte && value <= lte;
    });
  const filter = isRecord(query['bool']) ? query['bool']['filter'] : null;
  if (Array.isArray(filter)) return filter.every((each) => matches(each, document));
  throw new Error(`the stand-in does not know this query: ${JSON.stringify(query)}`);
};

const createOne = (world: World, line: Fields, document: Fields): Fields => {
  const { _index: index, _id: name } = line as { readonly _index: string; readonly _id: string };
  const found = world.indices.get(index);
  const failing = (status: number, type: string, reason: string) => ({
    create: { _index: index, _id: name, status, error: { type, reason, index } },
  });
  if (found === undefined) return failing(404, 'index_not_found_exception', `no such index [${index}]`);
  if (found.documents.has(name)) {
    world.conflicts += 1;
    return failing(409, 'version_conflict_engine_exception', `[${name}]: version conflict, document already exists`);
  }
  if (world.unfit(document)) return failing(400, 'document_parsing_exception', 'failed to parse field');
  found.documents.set(name, document);
  return { create: { _index: index, _id: name, _version: 1, result: 'created', status: 201 } };
};

const bulk = (world: World, body: string, mishap: Mishap | undefined): Reply => {
  if (!body.endsWith('\n'))
    return errorOf(400, 'illegal_argument_exception', 'The bulk request must be terminated by a newline [\\n]');
  const lines = body.slice(0, -1).split('\n');
  const items: Fields[] = [];
  for (let index = 0; index < lines.length; index += 2) {
    const action = JSON.parse(lines[index] ?? '') as Fields;
    const document = JSON.parse(lines[index + 1] ?? '') as Fields;
    if (!isRecord(action['create']))
      return errorOf(400, 'illegal_argument_exception', 'Malformed action/metadata line');
    const line = action['create'];
    // A full queue takes some and not others: the last of all came in, all the same.
    const isBusy = mishap === 'busy-items' && index >= 4 && index < lines.length - 2;
    const reason = 'rejected execution of primary operation';
    items.push(
      isBusy
        ? { create: { ...line, status: 429, error: { type: 'es_rejected_execution_exception', reason } } }
        : createOne(world, line, document),
    );
  }
  const errors = items.some((item) => Number(at(item, 'create.status')) > 299);
  return { status: 200, body: { took: 3, errors, items } };
};

const search = (world: World, name: string, what: string, body: Fields): Reply => {
  const found = world.indices.get(name);
  if (found === undefined) return errorOf(404, 'index_not_found_exception', `no such index [${name}]`);
  const hits = [...found.documents.values()].filter((document) => matches(body['query'], document));
  const shards = { total: 1, successful: 1, skipped: 0, failed: 0 };
  if (what === '_count') return { status: 200, body: { count: hits.length, _shards: shards } };
  const field = String(at(body, 'aggs.highest.max.field'));
  const values = hits.map((document) => Number(at(document, field)));
  const value = values.length === 0 ? null : Math.max(...values);
  return { status: 200, body: { took: 1, timed_out: false, _shards: shards, aggregations: { highest: { value } } } };
};

const onIndex = (world: World, method: string, name: string, body: string): Reply => {
  const found = world.indices.get(name);
  if (method === 'GET')
    return found === undefined
      ? errorOf(404, 'index_not_found_exception', `no such index [${name}]`)
      : { status: 200, body: { [name]: { aliases: {}, mappings: found.mappings, settings: {} } } };
  if (found !== undefined) return errorOf(400, 'resource_already_exists_exception', `index [${name}] already exists`);
  const { mappings } = JSON.parse(body) as { readonly mappings: Fields };
  world.indices.set(name, { mappings: world.options.mapping ?? mappings, documents: new Map() });
  return { status: 200, body: { acknowledged: true, shards_acknowledged: true, index: name } };
};

const reply = (world: World, method: string, path: string, body: string, mishap: Mishap | undefined): Reply => {
  const [name = '', what] = path.slice(1).split('/').map(decodeURIComponent);
  if (name === '_bulk') return bulk(world, body, mishap);
  if (what === undefined) return onIndex(world, method, name, body);
  if (what === '_refresh') return { status: 200, body: { _shards: { total: 1, successful: 1, failed: 0 } } };
  return search(world, name, what, JSON.parse(body) as Fields);
};

const misanswer = (mishap: Mishap, whole: Reply): Reply | null => {
  switch (mishap) {
    case 'html':
      return { status: 200, body: '<html>It works!</html>' };
    case 'no-items':
      return { status: 200, body: { took: 1, errors: false } };
    case 'wrong-names':
      return { status: 200, body: JSON.parse(JSON.stringify(whole.body).replaceAll(/"_id":"[^"]*"/g, '"_id":"x"')) };
    case 429:
      return errorOf(429, 'es_rejected_execution_exception', 'rejected execution of coordinating operation');
    case 503:
      return errorOf(503, 'cluster_block_exception', 'blocked by: [SERVICE_UNAVAILABLE/1/state not recovered]');
    case 413:
      return { status: 413, body: '' };
    case 401:
      return errorOf(401, 'security_exception', 'unable to authenticate user');
    case 'hang':
    case 'reset-before':
    case 'reset-after':
    case 'truncate':
    case 'busy-items':
      return null;
  }
};

/** Statuses come before anything is done; the rest is an answer that goes wrong after it. */
const isBefore = (mishap: Mishap | undefined): boolean => typeof mishap === 'number' || mishap === 'reset-before';

const answer = (world: World, request: IncomingMessage, body: string, response: ServerResponse): void => {
  const { method = '', url = '' } = request;
  const mishap = url === '/_bulk' ? world.mishaps.shift() : undefined;
  if (mishap === 'hang') return;
  const { authorization, mostBytes = 100_000_000 } = world.options;
  const isLetIn = authorization === undefined || request.headers.authorization === authorization;
  const isTooLong = Buffer.byteLength(body) > mostBytes;
  const early = !isLetIn ? misanswer(401, { status: 0, body: null }) : isTooLong ? { status: 413, body: '' } : null;
  const whole = early ?? (isBefore(mishap) ? { status: 0, body: null } : reply(world, method, url, body, mishap));
  if (mishap === 'reset-before' || mishap === 'reset-after') {
    request.socket.destroy();
    return;
  }
  const { status, body: said } = (mishap === undefined ? null : misanswer(mishap, whole)) ?? whole;
  const text = typeof said === 'string' ? said : JSON.stringify(said);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) });
  if (mishap !== 'truncate') return void response.end(text);
  response.write(text.slice(0, text.length / 2), () => request.socket.destroy());
};

/** On loopback; the caller stops it. */
/** `at`: default a free port of the loopback. */
export const startElastic = async (
  options: ElasticStandInOptions = {},
  at: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 },
): Promise<ElasticStandIn> => {
  const world: World = { options, indices: new Map(), mishaps: [], unfit: () => false, conflicts: 0 };
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => answer(world, request, body, response));
  };
  const server = options.tls === undefined ? createPlain(listener) : createTls({ ...options.tls }, listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(at.port, at.host, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  const of = (index: string) => world.indices.get(index)?.documents ?? new Map<string, Fields>();
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://localhost:${port}`,
    documents: (index) => [...of(index).values()],
    names: (index) => [...of(index).keys()],
    conflicts: () => world.conflicts,
    mishaps: (list) => {
      world.mishaps = [...list];
    },
    refuse: (unfit) => {
      world.unfit = unfit;
    },
    remove: (index, name) => void of(index).delete(name),
    dropIndex: (index) => void world.indices.delete(index),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
};
