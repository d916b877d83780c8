/** Alarms by a program of the site: the event as JSON on its standard input, no shell. Exit code 0: it is told. */
import type { Millis } from '../../core/words.ts';
import type { Run } from '../../process/run.ts';
import { type Channel, delivered, documentOf, failed } from '../channel.ts';

export interface CommandSettings {
  readonly name: string;
  readonly argv: readonly string[];
  readonly timeoutMs: Millis;
}

const firstLine = (text: string): string => (text.trim().split('\n')[0] ?? '').replace(/\p{Cc}/gu, ' ').slice(0, 200);

export const createCommandChannel = ({ name, argv, timeoutMs }: CommandSettings, run: Run): Channel => ({
  name,
  kind: 'command',
  send: async (message, signal) => {
    const input = `${JSON.stringify(documentOf(message))}\n`;
    const done = await run(argv, { timeoutMs, signal, input });
    if (!done.ok) return failed(done.error.message);
    const { exitCode, endedBy, stderr } = done.value;
    if (exitCode === 0) return delivered();
    const said = firstLine(stderr);
    return failed(
      `${argv[0] ?? ''} ended with ${endedBy ?? `exit code ${exitCode ?? '?'}`}${said === '' ? '' : `: ${said}`}`,
    );
  },
});
