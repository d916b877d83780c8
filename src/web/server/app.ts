/** The API over HTTP: each request through the same gates (forged? well formed?), then to the keeper, which decides. */
import { createHash } from 'node:crypto';
import { BlockList, isIPv6 } from 'node:net';
import { fail } from '../../core/result.ts';
import type { Job, PairView } from '../contract.ts';
import type { DrillPaper, LoggedIn, ServerSettings } from '../wire.ts';
import { invalid, sendFault, sendReply } from './answers.ts';
import type { Events } from './events.ts';
import { sendExport } from './export.ts';
import { createFastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from './fastify.ts';
import { encodingFor, type PageFile } from './files.ts';
import { addressOf, COOKIE, cookieHeader, credentialOf, isForged, paperPolicy, SECURITY_HEADERS } from './headers.ts';
import type { Link } from './link.ts';
import { metricsText } from './metrics.ts';
import { openApi } from './openapi.ts';
import { type Given, ROUTES, type Route } from './routes.ts';
import { type HealthQuestion, healthOf, type PairState, publicOf } from './state.ts';

export interface AppParts {
  readonly settings: ServerSettings;
  readonly link: Link;
  readonly state: PairState;
  readonly events: Events;
  readonly fileByPath: ReadonlyMap<string, PageFile>;
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** Of a login, without its secret. */
const sessionKey = (request: FastifyRequest): string => {
  const credential = credentialOf(request.raw);
  return credential === null
    ? ''
    : createHash('sha256').update(`${credential.kind} ${credential.secret}`).digest('hex');
};

const notFound = () => fail('not-found', 'There is nothing at this address.', 'See /api/v1/openapi.json.').error;

/** The body and the query, or the answer was sent. */
const givenOf = (route: Route, request: FastifyRequest, reply: FastifyReply): Given | null => {
  const body = route.body?.safeParse(request.body ?? null);
  if (body?.success === false) {
    sendFault(reply, invalid(body.error));
    return null;
  }
  const query = route.query?.safeParse(request.query);
  if (query?.success === false) {
    sendFault(reply, invalid(query.error));
    return null;
  }
  return { body: body?.data, query: query?.data };
};

/** What is told of the keeper's answer, where it is not the whole. */
const shaped = (path: string, id: string | undefined, value: unknown): unknown => {
  if (path.endsWith('/jobs/:id')) return (value as readonly Job[]).find((job) => job.id === id) ?? null;
  const { this: node } = value as PairView;
  if (path.endsWith('/checks')) return node?.checks ?? null;
  if (path.endsWith('/streams')) return node?.streams ?? null;
  return path.endsWith('/explain') ? (node?.explanation ?? null) : value;
};

const absent = (path: string, value: unknown) => {
  if (path.endsWith('/jobs/:id')) return notFound();
  const silent = (value as PairView).this === null;
  return silent
    ? fail('agent-silent', 'The agent of this node has said nothing yet.', 'See `systemctl status dualtone`.').error
    : fail('checks-off', 'Nothing is checked on this node.', 'Set checks.enabled, and restart the agent.').error;
};

const SHAPED = /\/(jobs\/:id|checks|streams|explain)$/;

/** A document with one style of its own, and nothing that runs. */
const sendPaper = (reply: FastifyReply, { html, styleDigest }: DrillPaper): FastifyReply =>
  reply.header('content-security-policy', paperPolicy(styleDigest)).type('text/html; charset=utf-8').send(html);

const askHandler =
  ({ link }: AppParts, route: Route, ask: NonNullable<Route['ask']>): Handler =>
  async (request, reply) => {
    const given = givenOf(route, request, reply);
    if (given === null) return reply;
    const credential = credentialOf(request.raw);
    const answer = await link.ask(ask(given), credential, addressOf(request));
    const { result } = answer;
    if (!result.ok) return sendReply(reply, answer);
    if (route.path.endsWith('/session') && route.method === 'POST') {
      const { session, secret, maxAgeMs } = result.value as LoggedIn;
      return reply.header('set-cookie', cookieHeader(secret, maxAgeMs)).send(session);
    }
    if (ask(given).name === 'logout') return sendReply(reply.header('set-cookie', cookieHeader('', 0)), answer, 204);
    if (ask(given).name === 'drill-paper') return sendPaper(reply, result.value as DrillPaper);
    if (!SHAPED.test(route.path)) return sendReply(reply, answer, route.status);
    const { id } = request.params as { readonly id?: string };
    const value = shaped(route.path, id, result.value);
    return value === null ? sendFault(reply, absent(route.path, result.value)) : reply.send(value);
  };

const eventsHandler =
  ({ link, events, state, settings }: AppParts): Handler =>
  async (request, reply) => {
    const credential = credentialOf(request.raw);
    const who = await link.ask({ name: 'who' }, credential, addressOf(request));
    if (!who.result.ok) return sendReply(reply, who);
    const pair = state.now();
    const session = sessionKey(request);
    const { eventStreams, eventStreamsPerSession } = settings.limits;
    const full =
      events.count() >= eventStreams ||
      (credential?.kind === 'session' && events.countOf(session) >= eventStreamsPerSession);
    if (pair === null || full)
      return sendFault(
        reply,
        fail(
          'web-busy',
          'There are as many event streams as there may be.',
          'Close another page, or ask for /api/v1/pair now and then.',
        ).error,
        5000,
      );
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...SECURITY_HEADERS,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const last = request.headers['last-event-id'];
    events.add({ response: raw, session, credential, lastEventId: typeof last === 'string' ? last : null }, pair);
    return reply;
  };

const networks = (list: readonly string[]): BlockList => {
  const found = new BlockList();
  for (const each of list) {
    const [host = '', prefix = ''] = each.split('/');
    found.addSubnet(host, Number(prefix), isIPv6(host) ? 'ipv6' : 'ipv4');
  }
  return found;
};

const metricsHandler = ({ link, events, state, settings }: AppParts, counts: Counts): Handler => {
  const allowed = networks(settings.metricsFrom);
  return async (request, reply) => {
    const address = addressOf(request);
    const free = address !== '' && allowed.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
    if (!free) {
      const who = await link.ask({ name: 'who' }, credentialOf(request.raw), address);
      if (!who.result.ok) return sendReply(reply, who);
    }
    const facts = { eventStreams: events.count(), ...counts, version: settings.version };
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(metricsText(state.now(), facts));
  };
};

const healthHandler =
  ({ state }: AppParts, question: HealthQuestion): Handler =>
  (_, reply) => {
    const health = healthOf(question, state.now());
    return reply.code(health.ok ? 200 : 503).send(health);
  };

const publicHandler =
  ({ state, settings }: AppParts): Handler =>
  (_, reply) =>
    settings.public
      ? reply.send(publicOf(state.now(), settings, Date.now()))
      : sendFault(
          reply,
          fail('public-off', 'The public page is off.', 'Set web.public where users are to see it.').error,
        );

interface Counts {
  requests: number;
  refused: number;
}

const handlerOf = (parts: AppParts, route: Route, counts: Counts): Handler => {
  const { path, ask } = route;
  if (path.endsWith('/events')) return eventsHandler(parts);
  if (path.endsWith('/export'))
    return (request, reply) => sendExport(parts.link, route, givenOf(route, request, reply), request, reply);
  if (ask !== null) return askHandler(parts, route, ask);
  if (path.endsWith('/public')) return publicHandler(parts);
  if (path === '/metrics') return metricsHandler(parts, counts);
  if (path.startsWith('/health/')) return healthHandler(parts, path.slice('/health/'.length) as HealthQuestion);
  const description = openApi(parts.settings.version);
  return (_, reply) => reply.send(description);
};

/** Files by exact path; all else is not there. */
const pageHandler =
  ({ fileByPath }: AppParts): Handler =>
  (request, reply) => {
    const path = request.raw.url?.split('?')[0] ?? '';
    const file = request.method === 'GET' || request.method === 'HEAD' ? fileByPath.get(path) : undefined;
    if (file === undefined) return sendFault(reply, notFound());
    const [body, encoding] = encodingFor(file, request.headers['accept-encoding'] ?? '');
    reply
      .header('content-type', file.type)
      .header('etag', file.etag)
      .header('vary', 'accept-encoding')
      .header('cache-control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
    if (encoding !== null) reply.header('content-encoding', encoding);
    return reply.send(body);
  };

/** Ready to take requests by `routing`. */
export const createApp = async (parts: AppParts): Promise<FastifyInstance> => {
  const counts: Counts = { requests: 0, refused: 0 };
  const app = createFastify(parts.settings.limits.bodyBytes);
  app.addHook('onRequest', async (request, reply) => {
    counts.requests += 1;
    reply.headers(SECURITY_HEADERS);
    reply.header('cache-control', 'no-store');
    const changes = request.method !== 'GET' && request.method !== 'HEAD';
    if (changes && isForged(request.raw)) {
      const fault = fail(
        'request-forged',
        'The request does not come from the page itself.',
        'Send the header x-dualtone: 1 and the same origin, or use a token.',
      );
      return sendFault(reply, fault.error);
    }
  });
  app.addHook('onResponse', async (_, reply) => {
    if (reply.statusCode >= 400) counts.refused += 1;
  });
  for (const route of ROUTES)
    app.route({ method: route.method, url: route.path, handler: handlerOf(parts, route, counts) });
  app.setNotFoundHandler(pageHandler(parts));
  await app.ready();
  return app;
};

export { COOKIE };
