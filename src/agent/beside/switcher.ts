/** The process that moves machines outside the pair, as the agent has it: started, told, started again when it dies. It never makes the agent wait. */
import type { SwitchesView } from '../../api/snapshot.ts';
import { type Config, isSwitching } from '../../config/config.ts';
import type { Settings } from '../../core/settings.ts';
import type { State } from '../../core/state.ts';
import type { Clock } from '../../ports.ts';
import type { FromSwitcher, Service, SwitchNote, SwitchView, ToSwitcher } from '../../switcher/protocol.ts';
import { createServiceTeller } from '../service-teller.ts';
import { type Beside, createBeside } from './beside.ts';

export interface SwitcherListeners {
  note(kind: string, data: unknown): void;
  say(level: 'info' | 'warning' | 'alarm', code: string, text: string): void;
}

export interface Switcher {
  start(listeners: SwitcherListeners): void;
  /** After each decision. */
  see(state: State): void;
  view(): SwitchesView;
  stop(): Promise<void>;
}

const RESTART_MS = 1000;
const RESTART_MOST_MS = 60_000;
/** After its input has ended it may put back what it began. */
const END_MS = 3000;

/** To the journal; and who follows names is told where they lead now, as the scheme of REMSYS did. */
const tellNote = (listeners: SwitcherListeners | null, note: SwitchNote): void => {
  listeners?.note('switch', note);
  if (note.name !== 'dns' || note.direction !== 'activate') return;
  if (note.outcome === 'done') listeners?.say('info', 'service-names-moved', `Names in the DNS: ${note.text}.`);
  if (note.outcome === 'mended') listeners?.say('warning', 'names-mended', `Names in the DNS: ${note.text}.`);
};

/** Null where nothing is switched. `argv` runs `dualtone switcher`, at ordinary priority. */
export const createSwitcher = (
  config: Config,
  settings: Settings,
  argv: readonly string[],
  clock: Clock,
): Switcher | null => {
  if (!isSwitching(config)) return null;
  let listeners: SwitcherListeners | null = null;
  let service: Service | null = null;
  let all: readonly SwitchView[] = [];
  const take = (message: FromSwitcher): void => {
    if (message.type === 'status') all = message.switches;
    else if (message.type === 'note') tellNote(listeners, message.note);
    else listeners?.say(message.level, message.code, message.text);
  };
  const tell = (): void => {
    if (service !== null) beside.tell({ type: 'service', service });
  };
  const beside: Beside<ToSwitcher> = createBeside<ToSwitcher, FromSwitcher>({
    argv,
    clock,
    restartMs: RESTART_MS,
    restartMostMs: RESTART_MOST_MS,
    onMessage: take,
    onOdd: (line) => listeners?.say('warning', 'switcher-odd', `The switcher said: ${line}`),
    onStarted: tell,
    onDied: (why, isStartedAgain) => {
      if (isStartedAgain)
        listeners?.say('alarm', 'switcher-ended', `The switcher ended (${why}); it is started again.`);
    },
  });
  const see = createServiceTeller(settings, (now) => {
    service = now;
    tell();
  });
  return {
    start: (given) => {
      listeners = given;
      beside.start();
    },
    see,
    view: () => ({ all, trouble: beside.trouble() }),
    stop: () => beside.end(END_MS),
  };
};
