/** The API as data: what there is, who may, what it takes. The server obeys it, its description is made of it, and the tests try all of it. */
import { z } from 'zod';
import {
  API,
  type BothRequest,
  type CommandRequest,
  type ConfigRequest,
  type DrillRequest,
  type InviteRequest,
  type JobRequest,
  type JoinRequest,
  type WebRole,
} from '../contract.ts';
import { NEEDS, WORK_NEEDS } from '../roles.ts';
import {
  commandSchema,
  configChangesSchema,
  digestSchema,
  drillIdSchema,
  drillSchema,
  inviteSchema,
  joinSchema,
  workSchema,
} from '../schemas.ts';
import type { Ask, JournalQuery } from '../wire.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  /** Null: anybody. `work`: as the work needs. */
  readonly needs: WebRole | null | 'work';
  readonly body: z.ZodType | null;
  readonly query: z.ZodType | null;
  /** The type in src/web/contract.ts. */
  readonly answers: string;
  /** What the keeper is asked; null: the server knows by itself. */
  readonly ask: ((given: Given) => Ask) | null;
  readonly status?: number;
}

export interface Given {
  readonly body: unknown;
  readonly query: unknown;
}

const number = () => z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const loginSchema = z.strictObject({
  user: z.string().min(1).max(64),
  password: z.string().min(1).max(1024),
});

const commandRequestSchema = z.strictObject({
  command: commandSchema,
  epoch: z.int().min(0).nullable().optional(),
});

const jobRequestSchema = z.strictObject({ work: workSchema });
const configRequestSchema = z.strictObject({ changes: configChangesSchema, base: digestSchema });
const bothRequestSchema = z.strictObject({ changes: configChangesSchema, base: digestSchema, otherBase: digestSchema });
const alarmTestSchema = z.strictObject({ channel: z.string().max(64).nullable().optional() });

const journalQuerySchema = z.strictObject({
  before: number().optional(),
  after: number().optional(),
  since: number().optional(),
  until: number().optional(),
  kind: z
    .string()
    .max(400)
    .regex(/^[a-z0-9-]+(,[a-z0-9-]+){0,31}$/, 'kinds, with commas between them')
    .optional(),
  search: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

const toQuery = (query: unknown): JournalQuery => {
  const { before, after, since, until, kind, search, limit } = query as z.output<typeof journalQuerySchema>;
  return {
    before: before ?? null,
    after: after ?? null,
    since: since ?? null,
    until: until ?? null,
    kinds: kind === undefined ? [] : kind.split(','),
    search: search ?? '',
    limit,
  };
};

const drillQuerySchema = z.strictObject({ id: drillIdSchema });
const drillIdOf = (query: unknown): string => (query as z.output<typeof drillQuerySchema>).id;

const base = { body: null, query: null, ask: null } as const;
const get = (
  path: string,
  needs: Route['needs'],
  answers: string,
  summary: string,
  more: Partial<Route> = {},
): Route => ({
  ...base,
  method: 'GET',
  path: `${API}${path}`,
  needs,
  answers,
  summary,
  ...more,
});
const post = (path: string, needs: Route['needs'], answers: string, summary: string, more: Partial<Route>): Route => ({
  ...get(path, needs, answers, summary, more),
  method: 'POST',
});

/** In the order in which docs/api.md has them. */
export const ROUTES: readonly Route[] = [
  post('/session', null, 'Session', 'Log in; sets the cookie.', {
    body: loginSchema,
    ask: ({ body }) => ({ name: 'login', ...(body as z.output<typeof loginSchema>) }),
  }),
  get('/session', NEEDS.who, 'Session', 'Who is logged in.', { ask: () => ({ name: 'who' }) }),
  {
    ...get('/session', null, '', 'Log out.', { ask: () => ({ name: 'logout' }), status: 204 }),
    method: 'DELETE',
  },
  get('/pair', NEEDS.pair, 'PairView', 'Both nodes as they stand.', { ask: () => ({ name: 'pair' }) }),
  get('/events', NEEDS.pair, 'EventByName', 'The same live, with journal and jobs: server-sent events.'),
  get('/checks', NEEDS.pair, 'ChecksView', 'What is ready for a takeover, and what is missing.', {
    ask: () => ({ name: 'pair' }),
  }),
  get('/streams', NEEDS.pair, "NodeSnapshot['streams']", 'What follows, and how far behind it is.', {
    ask: () => ({ name: 'pair' }),
  }),
  get('/explain', NEEDS.pair, "NodeSnapshot['explanation']", 'Would it take over now, why, why not.', {
    ask: () => ({ name: 'pair' }),
  }),
  post('/commands', NEEDS.command, 'CommandAnswer', 'Give a command; answers when it has come about.', {
    body: commandRequestSchema,
    ask: ({ body }) => ({ name: 'command', request: body as CommandRequest }),
  }),
  post('/commands/preview', NEEDS.preview, 'CommandPreview', 'What a command would do.', {
    body: z.strictObject({ command: commandSchema }),
    ask: ({ body }) => ({ name: 'preview', command: (body as CommandRequest).command }),
  }),
  get('/jobs', NEEDS.jobs, 'Job[]', 'Work that runs or has run.', { ask: () => ({ name: 'jobs' }) }),
  post('/jobs', 'work', 'Job', 'Begin work: replicate, merge, check.', {
    body: jobRequestSchema,
    ask: ({ body }) => ({ name: 'job', work: (body as JobRequest).work }),
    status: 202,
  }),
  get('/jobs/:id', NEEDS.jobs, 'Job', 'One of them.', { ask: () => ({ name: 'jobs' }) }),
  get('/alarms', NEEDS['alarm-list'], 'AlarmList', 'Open alarms, and the channels that tell them.', {
    ask: () => ({ name: 'alarm-list' }),
  }),
  post('/alarms/test', NEEDS['alarm-test'], 'ChannelTest[]', 'A test by one channel, or by all.', {
    body: alarmTestSchema,
    ask: ({ body }) => ({ name: 'alarm-test', channel: (body as z.output<typeof alarmTestSchema>).channel ?? null }),
  }),
  get('/journal', NEEDS.journal, 'JournalPage', 'What happened and why, newest first.', {
    query: journalQuerySchema,
    ask: ({ query }) => ({ name: 'journal', query: toQuery(query) }),
  }),
  get('/journal/export', NEEDS.export, 'JSON lines', 'All of it, oldest first, with what proves it.', {
    query: journalQuerySchema,
    ask: ({ query }) => ({ name: 'export', query: toQuery(query) }),
  }),
  get('/journal/verify', NEEDS.verify, 'JournalProof', 'Prove that no entry was changed or is missing.', {
    ask: () => ({ name: 'verify' }),
  }),
  get('/drills', NEEDS.drills, 'DrillSummary[]', 'Drills that were made, newest first.', {
    ask: () => ({ name: 'drills' }),
  }),
  get('/drills/report', NEEDS['drill-report'], 'DrillReport', 'The report of one.', {
    query: drillQuerySchema,
    ask: ({ query }) => ({ name: 'drill-report', id: drillIdOf(query) }),
  }),
  get('/drills/paper', NEEDS['drill-paper'], 'text/html', 'The same as a page that prints well.', {
    query: drillQuerySchema,
    ask: ({ query }) => ({ name: 'drill-paper', id: drillIdOf(query) }),
  }),
  post('/drills/preview', NEEDS['drill-preview'], 'DrillPreview', 'What a drill would do, and what is against it.', {
    body: drillSchema,
    ask: ({ body }) => ({ name: 'drill-preview', request: body as DrillRequest }),
  }),
  post('/drills', NEEDS['drill-begin'], 'DrillBegun', 'Begin a drill; the snapshot shows how far it is.', {
    body: drillSchema,
    ask: ({ body }) => ({ name: 'drill-begin', request: body as DrillRequest }),
    status: 202,
  }),
  post('/drills/stop', NEEDS['drill-stop'], 'DrillBegun', 'Stop the drill: service goes back at once.', {
    body: z.strictObject({}),
    ask: () => ({ name: 'drill-stop' }),
  }),
  get('/config', NEEDS.config, 'ConfigView', 'The configuration in force, secrets hidden.', {
    ask: () => ({ name: 'config' }),
  }),
  post('/config/preview', NEEDS['config-preview'], 'ConfigPreview', 'What a change of the file would change.', {
    body: configRequestSchema,
    ask: ({ body }) => ({ name: 'config-preview', request: body as ConfigRequest }),
  }),
  post('/config', NEEDS['config-write'], 'ConfigView', 'Change the file; it counts from the agent’s next start.', {
    body: configRequestSchema,
    ask: ({ body }) => ({ name: 'config-write', request: body as ConfigRequest }),
  }),
  post('/config/undo', NEEDS['config-undo'], 'ConfigView', 'The file as it was before the last change.', {
    body: z.strictObject({ base: digestSchema }),
    ask: ({ body }) => ({ name: 'config-undo', base: (body as Pick<ConfigRequest, 'base'>).base }),
  }),
  post('/config/both/preview', NEEDS['config-both-preview'], 'BothPreview', 'The same change in both nodes’ files.', {
    body: configRequestSchema,
    ask: ({ body }) => ({ name: 'config-both-preview', request: body as ConfigRequest }),
  }),
  post('/config/both', NEEDS['config-both-write'], 'ConfigView', 'Change both files, or neither.', {
    body: bothRequestSchema,
    ask: ({ body }) => ({ name: 'config-both-write', request: body as BothRequest }),
  }),
  post('/config/both/undo', NEEDS['config-both-undo'], 'ConfigView', 'Both files as they were before.', {
    body: z.strictObject({ base: digestSchema }),
    ask: ({ body }) => ({ name: 'config-both-undo', base: (body as Pick<ConfigRequest, 'base'>).base }),
  }),
  post('/agent/restart', NEEDS.restart, 'RestartAnswer', 'Start the agent again, where the other node serves.', {
    body: z.strictObject({}),
    ask: () => ({ name: 'restart' }),
    status: 202,
  }),
  get('/users', NEEDS.users, 'UsersView', 'Users and tokens; they are made on the command line.', {
    ask: () => ({ name: 'users' }),
  }),
  get('/pairing', NEEDS.pairing, 'PairingView', 'A pairing that was begun here: who is invited, who has come.', {
    ask: () => ({ name: 'pairing' }),
  }),
  post('/pairing/tokens', NEEDS['pairing-invite'], 'PairingTokens', 'Tokens for other machines; told once.', {
    body: inviteSchema,
    ask: ({ body }) => ({ name: 'pairing-invite', request: body as InviteRequest }),
  }),
  post('/pairing/join', NEEDS['pairing-join'], 'PairingView', 'Join a pair with a token, and start anew.', {
    body: joinSchema,
    ask: ({ body }) => ({ name: 'pairing-join', request: body as JoinRequest }),
    status: 202,
  }),
  {
    ...get('/pairing', NEEDS['pairing-cancel'], 'PairingView', 'End it; nothing is changed then.', {
      ask: () => ({ name: 'pairing-cancel' }),
    }),
    method: 'DELETE',
  },
  get('/public', null, 'PublicView', 'Which address to use now.'),
  get('/openapi.json', null, 'OpenAPI 3.1', 'This description.'),
  { ...get('', null, 'HealthView', 'The server answers.'), path: '/health/live' },
  { ...get('', null, 'HealthView', '200 on the node that serves, 503 on the other.'), path: '/health/active' },
  { ...get('', null, 'HealthView', '200 where it serves well, or could take over.'), path: '/health/ready' },
  { ...get('', 'view', 'Prometheus text', 'Metrics.'), path: '/metrics' },
];

export const WORK_ROLES = WORK_NEEDS;
