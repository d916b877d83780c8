/** Tells what the two nodes decided and why, in words, with times. */
import type { Decision } from '../../src/core/decide.ts';
import { sentenceOf } from '../../src/core/sentences.ts';
import type { Reason, Role } from '../../src/core/words.ts';
import type { Observer, World } from '../world.ts';

export interface Narrator {
  readonly observer: Observer;
  /** What the scenario itself does or finds. */
  tell(text: string): void;
  /** One line in the place of all that was told so far. */
  tellInstead(text: string): void;
  /** From now on there is a world to look at. */
  watch(world: World): void;
  lines(): readonly string[];
}

interface Line {
  readonly at: number;
  readonly who: string;
  text: string;
  readonly rule: string;
  again: number;
  lastAt: number;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

/** Said by the deed itself, or too small to tell. */
const isSilent = ({ rule, facts }: Reason): boolean =>
  rule === 'command' || (rule === 'step' && facts['outcome'] === 'done');

export const createNarrator = (): Narrator => {
  const lines: Line[] = [];
  const openByRole: Record<Role, boolean> = { main: false, standby: false };
  let world: World | null = null;
  const now = (): number => world?.timeline.now ?? 0;
  const add = (who: string, text: string, rule = ''): void => {
    const last = lines.findLast((line) => line.who === who);
    if (rule === 'may-serve' && last?.rule === rule) {
      last.again += 1;
      last.lastAt = now();
      return;
    }
    lines.push({ at: now(), who, text, rule, again: 0, lastAt: now() });
  };
  const decided = (role: Role, { reasons, effects }: Decision): void => {
    for (const reason of reasons) if (!isSilent(reason)) add(role, sentenceOf(reason), reason.rule);
    for (const effect of effects)
      if (effect.kind === 'notify') add(role, `${effect.level.toUpperCase()}: ${effect.text}`);
  };
  return {
    observer: {
      decided,
      replied: (role, { ok, text, remedy }) =>
        add(role, `answers: ${ok ? '' : 'NO. '}${text}${remedy === '' ? '' : ` ${remedy}`}`),
      gateChanged: (role) => {
        const open = world?.agents[role].machine.isOpen() ?? false;
        if (open === openByRole[role]) return;
        openByRole[role] = open;
        add(role, open ? '=== its gate is open: it serves ===' : '=== its gate is closed ===');
      },
    },
    tell: (text) => add('', text),
    tellInstead(text) {
      lines.length = 0;
      add('', text);
    },
    watch: (created) => {
      world = created;
    },
    lines: () =>
      lines.map(({ at, who, text, again, lastAt }) => {
        const repeated = again === 0 ? '' : ` (and ${again} times more until ${seconds(lastAt)})`;
        return `${seconds(at).padStart(9)}  ${who === '' ? text : `${who.padEnd(7)}  ${text}${repeated}`}`;
      }),
  };
};
