/** Requests to the node that served the page. What fails in an expected way is a value, also where nobody answers. */
import {
  type AlarmList,
  API,
  type BothPreview,
  type BothRequest,
  type ChannelTest,
  type CommandAnswer,
  type CommandPreview,
  type CommandRequest,
  type ConfigPreview,
  type ConfigRequest,
  type ConfigView,
  CSRF_HEADER,
  type DrillBegun,
  type DrillPreview,
  type DrillRequest,
  type DrillSummary,
  type Fault,
  type InviteRequest,
  type Job,
  type JoinRequest,
  type JournalPage,
  type JournalProof,
  type LoginRequest,
  type PairingTokens,
  type PairingView,
  type PublicView,
  type RestartAnswer,
  type Result,
  type Session,
  type UsersView,
  type WebCommand,
  type WebError,
  type WebWork,
} from '../../contract.ts';

export interface JournalAsk {
  readonly search: string;
  readonly kind: string;
  /** Milliseconds since 1970; null: no bound. */
  readonly since: number | null;
  readonly until: number | null;
  readonly before: number | null;
}

export interface Api {
  readonly session: () => Promise<Result<Session>>;
  readonly login: (request: LoginRequest) => Promise<Result<Session>>;
  readonly logout: () => Promise<Result<unknown>>;
  readonly preview: (command: WebCommand) => Promise<Result<CommandPreview>>;
  readonly command: (request: CommandRequest) => Promise<Result<CommandAnswer>>;
  readonly work: (work: WebWork) => Promise<Result<Job>>;
  readonly jobs: () => Promise<Result<readonly Job[]>>;
  readonly journal: (ask: JournalAsk) => Promise<Result<JournalPage>>;
  readonly verify: () => Promise<Result<JournalProof>>;
  readonly alarms: () => Promise<Result<AlarmList>>;
  readonly testAlarm: (channel: string | null) => Promise<Result<readonly ChannelTest[]>>;
  readonly drills: () => Promise<Result<readonly DrillSummary[]>>;
  readonly drillPreview: (request: DrillRequest) => Promise<Result<DrillPreview>>;
  readonly drill: (request: DrillRequest) => Promise<Result<DrillBegun>>;
  readonly drillStop: () => Promise<Result<DrillBegun>>;
  readonly config: () => Promise<Result<ConfigView>>;
  readonly configPreview: (request: ConfigRequest) => Promise<Result<ConfigPreview>>;
  readonly configWrite: (request: ConfigRequest) => Promise<Result<ConfigView>>;
  readonly configUndo: (base: string) => Promise<Result<ConfigView>>;
  readonly bothPreview: (request: ConfigRequest) => Promise<Result<BothPreview>>;
  readonly bothWrite: (request: BothRequest) => Promise<Result<ConfigView>>;
  readonly bothUndo: (base: string) => Promise<Result<ConfigView>>;
  readonly restart: () => Promise<Result<RestartAnswer>>;
  readonly users: () => Promise<Result<UsersView>>;
  readonly pairing: () => Promise<Result<PairingView>>;
  readonly invite: (request: InviteRequest) => Promise<Result<PairingTokens>>;
  readonly join: (request: JoinRequest) => Promise<Result<PairingView>>;
  readonly endPairing: () => Promise<Result<PairingView>>;
  readonly public: () => Promise<Result<PublicView>>;
}

/** Longer than the longest order that the server waits for. */
const PATIENCE_MS = 90_000;

const unreachable = (): Fault => ({
  code: 'page-unreachable',
  message: 'The node did not answer.',
  remedy: 'Look whether this device is connected; the other node has the same page.',
});

const isFault = (body: unknown): body is WebError => {
  if (typeof body !== 'object' || body === null || !('error' in body)) return false;
  const { error } = body;
  return typeof error === 'object' && error !== null && 'code' in error && 'message' in error;
};

const faultOf = (status: number, body: unknown): Fault => {
  if (!isFault(body)) {
    return {
      code: `http-${status}`,
      message: `The node answered with status ${status}.`,
      remedy: 'Load the page again.',
    };
  }
  const { code, message, remedy, fields } = body.error;
  const more = (fields ?? []).map(({ path, message: text }) => `${path}: ${text}`).join('; ');
  return { code, message: more === '' ? message : `${message} (${more})`, remedy };
};

const filters = ({ search, kind, since, until }: JournalAsk): URLSearchParams => {
  const query = new URLSearchParams();
  if (search.trim() !== '') query.set('search', search.trim());
  if (kind !== '') query.set('kind', kind);
  if (since !== null) query.set('since', String(since));
  if (until !== null) query.set('until', String(until));
  return query;
};

/** Where a browser fetches the whole journal, as filtered. */
export const exportAddress = (ask: JournalAsk): string => {
  const query = filters(ask).toString();
  return `${API}/journal/export${query === '' ? '' : `?${query}`}`;
};

/** Where a browser finds a drill's report as a page that prints. */
export const drillPaperAddress = (id: string): string => `${API}/drills/paper?id=${encodeURIComponent(id)}`;

const pageQuery = (ask: JournalAsk): string => {
  const query = filters(ask);
  query.set('limit', '100');
  if (ask.before !== null) query.set('before', String(ask.before));
  return query.toString();
};

/** `fetcher` is the browser's fetch. */
export const createApi = (fetcher: typeof fetch): Api => {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<Result<T>> => {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (method !== 'GET') headers[CSRF_HEADER] = '1';
    if (body !== undefined) headers['content-type'] = 'application/json';
    try {
      const response = await fetcher(`${API}${path}`, {
        method,
        headers,
        credentials: 'same-origin',
        cache: 'no-store',
        signal: AbortSignal.timeout(PATIENCE_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer: unknown = response.status === 204 ? null : await response.json().catch(() => null);
      if (!response.ok) return { ok: false, error: faultOf(response.status, answer) };
      return { ok: true, value: answer as T };
    } catch {
      return { ok: false, error: unreachable() };
    }
  };
  return {
    session: () => ask('GET', '/session'),
    login: (request) => ask('POST', '/session', request),
    logout: () => ask('DELETE', '/session'),
    preview: (command) => ask('POST', '/commands/preview', { command }),
    command: (request) => ask('POST', '/commands', request),
    work: (work) => ask('POST', '/jobs', { work }),
    jobs: () => ask('GET', '/jobs'),
    journal: (request) => ask('GET', `/journal?${pageQuery(request)}`),
    verify: () => ask('GET', '/journal/verify'),
    alarms: () => ask('GET', '/alarms'),
    testAlarm: (channel) => ask('POST', '/alarms/test', { channel }),
    drills: () => ask('GET', '/drills'),
    drillPreview: (request) => ask('POST', '/drills/preview', request),
    drill: (request) => ask('POST', '/drills', request),
    drillStop: () => ask('POST', '/drills/stop', {}),
    config: () => ask('GET', '/config'),
    configPreview: (request) => ask('POST', '/config/preview', request),
    configWrite: (request) => ask('POST', '/config', request),
    configUndo: (base) => ask('POST', '/config/undo', { base }),
    bothPreview: (request) => ask('POST', '/config/both/preview', request),
    bothWrite: (request) => ask('POST', '/config/both', request),
    bothUndo: (base) => ask('POST', '/config/both/undo', { base }),
    restart: () => ask('POST', '/agent/restart', {}),
    users: () => ask('GET', '/users'),
    pairing: () => ask('GET', '/pairing'),
    invite: (request) => ask('POST', '/pairing/tokens', request),
    join: (request) => ask('POST', '/pairing/join', request),
    endPairing: () => ask('DELETE', '/pairing'),
    public: () => ask('GET', '/public'),
  };
};
