/** Notices to standard error, with the priorities that journald understands. */
import type { Notifier } from '../ports.ts';

type Notice = Parameters<Notifier['notify']>[0];

/** sd-daemon(3): the number in angle brackets is the priority of the line. */
const PRIORITY: Readonly<Record<Notice['level'], string>> = { info: '<6>', warning: '<4>', alarm: '<1>' };
const WORD: Readonly<Record<Notice['level'], string>> = { info: '', warning: 'warning: ', alarm: 'ALARM: ' };

/** One line a notice. `forJournald`: with priorities (systemd sets JOURNAL_STREAM), else with a word. */
export const createStderrNotifier = (write: (line: string) => void, forJournald: boolean): Notifier => ({
  notify: ({ level, code, text }) => {
    const begin = forJournald ? PRIORITY[level] : `dualtone: ${WORD[level]}`;
    // One notice, one line, whatever a reason carried.
    write(`${begin}${text.replace(/\p{Cc}+/gu, ' ')} [${code}]\n`);
  },
});
