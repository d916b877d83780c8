/** One mail to root of this machine, as the original's scripts send it; by sendmail, and not by a mail reader. */
import { fail, ok, type Result } from '../core/result.ts';
import type { Run } from '../process/run.ts';

const MAIL_MS = 20_000;
const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, ' ').trim();

/** Faults: `xivo-mail-not-sent`, those of `run`. */
export const mailRoot = async (run: Run, subject: string, body: string): Promise<Result<void>> => {
  const input = `To: root\nSubject: ${oneLine(subject)}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${body}\n`;
  const ended = await run(['/usr/sbin/sendmail', '-i', '--', 'root'], { timeoutMs: MAIL_MS, input });
  if (!ended.ok) return ended;
  if (ended.value.exitCode === 0) return ok(undefined);
  return fail(
    'xivo-mail-not-sent',
    `sendmail ended with ${ended.value.exitCode}.`,
    'See the mail queue (`mailq`), or use the alarms of Dualtone, which need no mail server here.',
  );
};
