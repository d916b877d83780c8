/** The process that sends events to where reports are made (`src/reporting`), as the agent has it: started, heard, started again when it dies. */
import type { Clock, Notifier } from '../../ports.ts';
import type { FromReporter } from '../../reporting/protocol.ts';
import { createBeside } from './beside.ts';

export interface ReporterProcess {
  start(): void;
  /** Nobody waits for its end: what was not sent is sent by the next. */
  stop(): void;
}

/** An agent that has just started has better things to do with this machine. */
const START_AFTER_MS = 5000;
const RESTART_MS = 2000;
const RESTART_MOST_MS = 300_000;

/** `argv` runs `dualtone reporter`, below ordinary priority. */
export const createReporterProcess = (argv: readonly string[], clock: Clock, notifier: Notifier): ReporterProcess => {
  const say = (level: FromReporter['level'], code: string, text: string): void =>
    notifier.notify({ kind: 'notify', level, code, text });
  const beside = createBeside<never, FromReporter>({
    argv,
    clock,
    restartMs: RESTART_MS,
    restartMostMs: RESTART_MOST_MS,
    onMessage: ({ level, code, text }) => say(level, code, text),
    onOdd: (line) => say('warning', 'reporter-odd', `The reporter said: ${line}`),
    onDied: (why, isStartedAgain) => {
      if (isStartedAgain) say('warning', 'reporter-ended', `The reporter ended (${why}); it is started again.`);
    },
  });
  return { start: () => beside.startAfter(START_AFTER_MS), stop: () => beside.letGo() };
};
