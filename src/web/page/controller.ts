/** Keeps the state, the session and the line of events together; it knows the browser only by what it is given. */
import type { Session } from '../contract.ts';
import type { Api } from './net/api.ts';
import { createEventLine, type LineAround } from './net/events.ts';
import { initialState, type PageEvent, type PageState, reduce } from './state/state.ts';

export interface Controller {
  readonly state: () => PageState;
  readonly dispatch: (event: PageEvent) => void;
  /** Somebody has logged in. */
  readonly enter: (session: Session) => void;
  /** Asks the node who is logged in. */
  readonly checkSession: () => Promise<void>;
  /** Connects again at once, where somebody is logged in. */
  readonly tryNow: () => void;
}

export interface ControllerAround extends Pick<LineAround, 'connect' | 'now' | 'later' | 'chance'> {
  readonly api: Api;
  readonly hash: () => string;
  readonly go: (route: string) => void;
  readonly onChange: () => void;
}

export const createController = (around: ControllerAround): Controller => {
  const { api } = around;
  let state = initialState(around.now(), around.hash());

  const dispatch = (event: PageEvent): void => {
    state = reduce(state, event);
    around.onChange();
  };
  const catchUp = async (): Promise<void> => {
    const newest = { search: '', kind: '', since: null, until: null, before: null };
    const [journal, jobs] = await Promise.all([api.journal(newest), api.jobs()]);
    if (journal.ok) dispatch({ type: 'journal', entries: journal.value.entries });
    if (jobs.ok) dispatch({ type: 'jobs', jobs: jobs.value });
  };
  const setSession = (session: Session | null): void => {
    dispatch({ type: 'session', session });
    if (session === null) return line.close();
    line.open();
    void catchUp();
  };
  const checkSession = async (): Promise<void> => {
    const result = await api.session();
    if (result.ok) {
      // Of a session that goes on, nothing is news.
      if (JSON.stringify(state.session) !== JSON.stringify(result.value)) setSession(result.value);
    }
    // A node that does not answer has not ended the session.
    else if (result.error.code === 'login-needed' || state.session === undefined) setSession(null);
  };
  const line = createEventLine({
    ...around,
    dispatch,
    onDoubt: () => void checkSession(),
    onBack: () => void catchUp(),
  });
  return {
    state: () => state,
    dispatch,
    enter: (session) => {
      setSession(session);
      if (state.route === 'login' || state.route === 'public') around.go('overview');
    },
    checkSession,
    tryNow: () => {
      if (state.session) line.tryNow();
    },
  };
};
