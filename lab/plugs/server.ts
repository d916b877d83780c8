/**
 * The page of a lab's node on this machine's loopback, with plugs to pull. The product knows nothing of plugs: this server, which is
 * part of the lab and of nothing else, hands the node's own page through and adds a script of its own to it.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request, type Server } from 'node:https';
import { join } from 'node:path';
import type { Certificate } from '../../src/web/keeper/certificate.ts';
import { isForged, SECURITY_HEADERS } from '../../src/web/server/headers.ts';
import type { Plugs } from './plugs.ts';

export interface Place {
  /** Of the node whose page it is. */
  readonly name: string;
  /** Where the relay into the lab's network listens. */
  readonly socket: string;
  readonly port: number;
}

const MOST_BODY_CHARS = 1000;

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
};

const refuse = (response: ServerResponse, status: number, code: string, message: string): void =>
  answer(response, status, { error: { code, message, remedy: 'See the lab.' } });

const readBody = async (incoming: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const piece of incoming.setEncoding('utf8')) {
    text += String(piece);
    if (text.length > MOST_BODY_CHARS) return null;
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

type Asked = { readonly id: string; readonly out: boolean } | { readonly all: 'in' };

const askedOf = (body: unknown): Asked | null => {
  if (typeof body !== 'object' || body === null) return null;
  if ('all' in body && body.all === 'in') return { all: 'in' };
  return 'id' in body && 'out' in body && typeof body.id === 'string' && typeof body.out === 'boolean'
    ? { id: body.id, out: body.out }
    : null;
};

/** GET: the plugs. POST `{id, out}`, or `{all: 'in'}`: the plugs as they are then. */
const servePlugs = async (plugs: Plugs, incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
  if (incoming.method === 'GET') return answer(response, 200, plugs.list());
  if (incoming.method !== 'POST' || isForged(incoming))
    return refuse(response, 403, 'request-forged', 'The request does not come from the page itself.');
  const asked = askedOf(await readBody(incoming));
  if (asked === null) return refuse(response, 400, 'request-invalid', 'The request is not understood.');
  const done = 'all' in asked ? await plugs.mendAll() : await plugs.set(asked.id, asked.out);
  if (done.ok) answer(response, 200, plugs.list());
  else answer(response, 409, { error: done.error });
};

const ADDED = '<link rel="stylesheet" href="/lab/bar.css"><script type="module" src="/lab/bar.mjs"></script></head>';

/** The page's document with the lab's script in it. */
const withBar = (node: IncomingMessage, response: ServerResponse): void => {
  const chunks: Buffer[] = [];
  node.on('data', (chunk: Buffer) => chunks.push(chunk));
  node.on('end', () => {
    const { 'content-length': _length, etag: _etag, ...headers } = node.headers;
    const html = Buffer.concat(chunks).toString('utf8').replace('</head>', ADDED);
    response.writeHead(node.statusCode ?? 502, { ...headers, 'cache-control': 'no-store' }).end(html);
  });
};

const handThrough = ({ socket }: Place, incoming: IncomingMessage, response: ServerResponse): void => {
  const isDocument = incoming.method === 'GET' && (incoming.url === '/' || incoming.url === '/index.html');
  const headers = { ...incoming.headers };
  if (isDocument) delete headers['accept-encoding'];
  if (isDocument) delete headers['if-none-match'];
  const node = request(
    // The lab's own network, of this machine alone: the node's certificate is of its own making.
    {
      socketPath: socket,
      path: incoming.url,
      method: incoming.method,
      headers,
      rejectUnauthorized: false,
      agent: false,
    },
    (answered) => {
      if (isDocument) return withBar(answered, response);
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(response);
      answered.on('error', () => response.destroy());
    },
  );
  node.on('error', () => {
    if (response.headersSent) response.destroy();
    else refuse(response, 502, 'lab-node-dark', 'This node does not answer; the other one’s page may.');
  });
  response.on('close', () => node.destroy());
  incoming.pipe(node);
};

const fileOf = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');

/** Listens on the loopback alone; port 0: any. */
export const servePage = async (
  place: Place,
  certificate: Certificate,
  plugs: Plugs,
  places: () => unknown,
): Promise<Server> => {
  const files = new Map([
    ['/lab/bar.mjs', { type: 'text/javascript; charset=utf-8', text: fileOf('bar.mjs') }],
    ['/lab/bar.css', { type: 'text/css; charset=utf-8', text: fileOf('bar.css') }],
  ]);
  const server = createServer({ key: certificate.key, cert: certificate.certificate }, (incoming, response) => {
    const file = files.get(incoming.url ?? '');
    if (file !== undefined)
      return void response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': file.type }).end(file.text);
    if (incoming.url === '/lab/places') return answer(response, 200, places());
    if (incoming.url === '/lab/plugs') return void servePlugs(plugs, incoming, response);
    handThrough(place, incoming, response);
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(place.port, '127.0.0.1', resolve);
  });
  return server;
};
