/** What a bero*fos failover switch says over HTTP: `<command>_<key>=<value>` lines, and changes as one request for each command. Pure. */
import { fail, ok, type Result } from '../../core/result.ts';

/** Where the relays are: `main` joins group A to B, `standby` A to D. */
export type Relays = 'main' | 'standby';

export interface BoxState {
  readonly relays: Relays;
  /** Null where the box does not say. */
  readonly scenario: number | null;
  readonly watchdog: 'off' | 'on' | 'failed' | null;
}

const RELAY_COMMAND = 4;
const WATCHDOG_COMMAND = 6;

const modeOf: Readonly<Record<Relays, string>> = { main: '1', standby: '0' };
const watchdogByValue: Readonly<Record<string, BoxState['watchdog']>> = { '0': 'off', '1': 'on', '2': 'failed' };

export const STATE_PATH = '/config.txt';

/** Fault: `berofos-odd`. */
export const parseState = (text: string): Result<BoxState> => {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const parts = /^(\d+_\w+)\s*=\s*(.*?)\s*$/.exec(line);
    if (parts !== null) values.set(parts[1] ?? '', parts[2] ?? '');
  }
  const mode = values.get(`${RELAY_COMMAND}_mode`);
  if (mode !== '0' && mode !== '1') {
    return fail(
      'berofos-odd',
      'The box does not say where its relays are.',
      'See its page and its firmware; the address may be another device.',
    );
  }
  const scenario = values.get('1_sz');
  return ok({
    relays: mode === '1' ? 'main' : 'standby',
    scenario: scenario === undefined || !/^\d$/.test(scenario) ? null : Number(scenario),
    watchdog: watchdogByValue[values.get(`${WATCHDOG_COMMAND}_wen`) ?? ''] ?? null,
  });
};

/** The whole command at once: an old firmware changes the rest of a command that is given in part. */
export const relayPath = (relays: Relays): string => `/?cmd=${RELAY_COMMAND}&mode=${modeOf[relays]}`;

export const watchdogPath = (armed: boolean): string => `/?cmd=${WATCHDOG_COMMAND}&wen=${armed ? 1 : 0}`;

export interface BoxAddress {
  readonly name: string;
  readonly host: string;
  /** `user:password`; null: the box asks for none. */
  readonly login: string | null;
}

/** The boxes of `bnfos.conf`, as the original was configured. */
export const parseBoxes = (text: string): readonly BoxAddress[] => {
  const boxes: { name: string; host: string; login: string | null }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[(fos\d+)\]\s*$/.exec(line);
    if (section !== null) boxes.push({ name: section[1] ?? '', host: '', login: null });
    const box = boxes.at(-1);
    const value = /^\s*(host|login)\s*=\s*(\S.*?)\s*$/.exec(line);
    if (box === undefined || value === null) continue;
    if (value[1] === 'host') box.host = value[2] ?? '';
    else box.login = value[2] ?? null;
  }
  return boxes.filter(({ host }) => host !== '');
};
