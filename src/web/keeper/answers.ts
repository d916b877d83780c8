/** What the server asks, answered: first whether they may, then by whoever knows. */
import { askAlarm } from '../../api/client.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Session, WebRole, WebWork } from '../contract.ts';
import { NEEDS, WORK_NEEDS } from '../roles.ts';
import type { Ask, Credential } from '../wire.ts';
import type { BothFiles } from './both-files.ts';
import type { ConfigFile } from './config-file.ts';
import type { Drills } from './drills.ts';
import { type Answer, type Audit, byOf, type Guard } from './guard.ts';
import type { Jobs } from './jobs.ts';
import type { JournalSearch } from './journal-search.ts';
import { give, preview } from './orders.ts';
import type { Pairing } from './pairing.ts';
import type { Users } from './users.ts';
import type { PairWatch } from './watch.ts';

export interface AnswerParts {
  readonly file: ConfigFile;
  readonly socket: string;
  readonly guard: Guard;
  readonly users: Users;
  readonly jobs: Jobs;
  readonly journal: JournalSearch;
  readonly pair: PairWatch;
  readonly both: BothFiles;
  readonly pairing: Pairing;
  readonly drills: Drills;
  readonly restart: (by: string) => Promise<Result<unknown>>;
  readonly audit: Audit;
}

export interface Asked {
  readonly credential: Credential | null;
  readonly address: string;
  readonly ask: Ask;
}

const ALARM_LIST_MS = 5000;
/** A mail server may take its time. */
const ALARM_TEST_MS = 90_000;
/** At once; each is one conversation with the agent, or a search. */
const MOST_AT_ONCE = 24;

const neededBy = (ask: Ask): WebRole | null => (ask.name === 'job' ? WORK_NEEDS[ask.work.name] : NEEDS[ask.name]);

const testAlarm = async (parts: AnswerParts, by: string, channel: string | null): Promise<Result<unknown>> => {
  parts.audit(by, 'alarm-test', `asked for a test of ${channel ?? 'all channels'}`);
  return askAlarm(parts.socket, by, { name: 'alarm-test', channel }, ALARM_TEST_MS);
};

const beginJob = async ({ audit, jobs }: AnswerParts, work: WebWork, by: string): Promise<Result<unknown>> => {
  if (work.name === 'check') audit(by, 'check', `asked for ${work.only ?? 'all checks'}`);
  return jobs.begin(work, by);
};

type AskedOfPairing = Extract<Ask, { readonly name: 'pairing' | `pairing-${string}` }>;

const answerPairing = async (pairing: Pairing, ask: AskedOfPairing, by: string): Promise<Result<unknown>> => {
  switch (ask.name) {
    case 'pairing':
      return ok(pairing.view());
    case 'pairing-invite':
      return pairing.invite(ask.request, by);
    case 'pairing-join':
      return pairing.join(ask.request, by);
    case 'pairing-cancel':
      return pairing.cancel(by);
  }
};

/** Everything but logging in and out; `by` may. */
const answer = async (parts: AnswerParts, ask: Ask, session: Session, by: string): Promise<Result<unknown>> => {
  const { socket, jobs, journal, pair, file, both } = parts;
  switch (ask.name) {
    case 'login':
    case 'logout':
    case 'who':
      return ok(session);
    case 'pair':
      return ok(pair.now());
    case 'jobs':
      return ok(jobs.list());
    case 'command':
      return give(socket, by, ask.request);
    case 'preview':
      return preview(socket, by, ask.command);
    case 'job':
      return beginJob(parts, ask.work, by);
    case 'alarm-list':
      return askAlarm(socket, by, { name: 'alarm-list' }, ALARM_LIST_MS);
    case 'alarm-test':
      return testAlarm(parts, by, ask.channel);
    case 'journal':
      return journal.page(ask.query);
    case 'export':
      if (ask.query.after === null) parts.audit(by, 'journal-export', 'took the journal with them');
      return journal.export(ask.query);
    case 'verify':
      return journal.verify();
    case 'config':
      return file.view();
    case 'config-preview':
      return file.preview(ask.request.changes, ask.request.base);
    case 'config-write':
      return file.write(ask.request.changes, ask.request.base, by);
    case 'config-undo':
      return file.undo(ask.base, by);
    case 'config-both-preview':
      return both.preview(ask.request.changes, ask.request.base, by);
    case 'config-both-write':
      return both.write(ask.request, by);
    case 'config-both-undo':
      return both.undo(ask.base, by);
    case 'restart':
      return parts.restart(by);
    case 'drills':
    case 'drill-report':
    case 'drill-paper':
    case 'drill-preview':
    case 'drill-begin':
    case 'drill-stop':
      return parts.drills(ask, by);
    case 'users':
      return parts.users.list();
    case 'pairing':
    case 'pairing-invite':
    case 'pairing-join':
    case 'pairing-cancel':
      return answerPairing(parts.pairing, ask, by);
  }
};

const plain = (result: Result<unknown>): Answer<unknown> => ({ result, retryAfterMs: 0 });

/** Answers one after the other is asked, some at once. Fault besides those of the request: `web-busy`. */
export const createAnswers = (parts: AnswerParts): ((asked: Asked) => Promise<Answer<unknown>>) => {
  let running = 0;
  const admit = async ({ credential, address, ask }: Asked): Promise<Answer<unknown>> => {
    const { guard } = parts;
    if (ask.name === 'login') return guard.login(ask.user, ask.password, address);
    if (ask.name === 'logout') {
      guard.logout(credential, address);
      return plain(ok(null));
    }
    const session = guard.admit(credential, neededBy(ask) ?? 'admin');
    if (!session.ok) return plain(session);
    return plain(await answer(parts, ask, session.value, byOf(session.value, address)));
  };
  return async (asked) => {
    // Who logs in has a limit of its own; what waits for calls to end must not keep others out.
    if (asked.ask.name === 'login' || asked.ask.name === 'who') return admit(asked);
    if (running >= MOST_AT_ONCE)
      return { result: fail('web-busy', 'The server is busy.', 'Try again in a moment.'), retryAfterMs: 1000 };
    running += 1;
    try {
      return await admit(asked);
    } finally {
      running -= 1;
    }
  };
};
