/** The process that guards the web server (`src/web`), as the agent has it: started, and started again when it dies. It speaks by the control socket. */
import type { Clock, Notifier } from '../../ports.ts';
import { createBeside } from './beside.ts';

export interface WebProcess {
  start(): void;
  /** Nobody waits for its end: an agent that is restarted has one lease for all of it. */
  stop(): void;
}

const RESTART_MS = 1000;
const RESTART_MOST_MS = 60_000;

/** `argv` runs `dualtone web`, below ordinary priority. */
export const createWebProcess = (argv: readonly string[], clock: Clock, notifier: Notifier): WebProcess => {
  const beside = createBeside({
    argv,
    clock,
    restartMs: RESTART_MS,
    restartMostMs: RESTART_MOST_MS,
    onMessage: null,
    onDied: (why, isStartedAgain) => {
      const text = `The web server ended (${why}); it is started again. Telephony does not need it.`;
      if (isStartedAgain) notifier.notify({ kind: 'notify', level: 'warning', code: 'web-ended', text });
    },
  });
  return { start: () => beside.start(), stop: () => beside.letGo() };
};
