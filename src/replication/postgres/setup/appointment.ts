/** PostgreSQL's restart at a time that a person chose: a timer of systemd's, for once. A boot before then restarts PostgreSQL as well, and ends it. */
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Run } from '../../../process/run.ts';

const unit = 'dualtone-database-restart';
const TIMEOUT_MS = 5000;
/** A restart that nobody remembers surprises. */
const AHEAD_MOST_MS = 14 * 86_400_000;

const bad = (text: string) =>
  fail(
    'restart-time-bad',
    `${JSON.stringify(text.slice(0, 40))} is no time within the next fourteen days.`,
    'Give the time of this machine’s clock, as 03:00, or with its day, as 2026-11-23T03:00.',
  );

/** `03:00`, which is the next time that it is so late here, or `2026-11-23T03:00`. Fault: `restart-time-bad`. */
export const restartTimeOf = (text: string, now: Date): Result<Date> => {
  const [, day, time] = /^(?:(\d{4}-\d\d-\d\d)[T ])?([01]\d:[0-5]\d|2[0-3]:[0-5]\d)$/.exec(text) ?? [];
  if (time === undefined) return bad(text);
  const at = new Date(`${day ?? stampOf(now).slice(0, 10)}T${time}:00`);
  // Neither the thirtieth of February nor an hour that the clock leaves out.
  if (Number.isNaN(at.getTime()) || !stampOf(at).endsWith(` ${time}:00`)) return bad(text);
  if (day === undefined && at <= now) at.setDate(at.getDate() + 1);
  return at > now && at.getTime() - now.getTime() <= AHEAD_MOST_MS ? ok(at) : bad(text);
};

/** As systemd reads it, by this machine's clock. */
export const stampOf = (at: Date): string => {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
};

/** Takes an appointment back; none is none. Faults: those of running `systemctl`. */
export const cancelRestart = async (run: Run): Promise<Result<void>> => {
  const stopped = await run(['systemctl', 'stop', `${unit}.timer`], { timeoutMs: TIMEOUT_MS, cwd: '/' });
  return stopped.ok ? ok(undefined) : stopped;
};

/** `argv` is run then, in place of what was appointed before. Fault: `restart-not-appointed`, those of running `systemd-run`. */
export const appointRestart = async (at: Date, argv: readonly string[], run: Run): Promise<Result<void>> => {
  const cancelled = await cancelRestart(run);
  if (!cancelled.ok) return cancelled;
  const made = await run(
    [
      'systemd-run',
      '--quiet',
      '--collect',
      `--unit=${unit}`,
      '--description=Restart of PostgreSQL, appointed by dualtone',
      `--on-calendar=${stampOf(at)}`,
      '--timer-property=AccuracySec=1s',
      '--',
      ...argv,
    ],
    { timeoutMs: TIMEOUT_MS, cwd: '/' },
  );
  if (!made.ok) return made;
  return made.value.exitCode === 0
    ? ok(undefined)
    : fail(
        'restart-not-appointed',
        `systemd takes no appointment: ${made.value.stderr.trim().split('\n')[0] ?? '?'}.`,
        'Run `dualtone database restart` at that time yourself.',
      );
};

/** When it is to be, in systemd's words; null: nothing is appointed, or systemd does not say. */
export const appointedRestart = async (run: Run): Promise<string | null> => {
  const argv = ['systemctl', 'show', `${unit}.timer`, '--property=NextElapseUSecRealtime', '--value'];
  const shown = await run(argv, { timeoutMs: TIMEOUT_MS, cwd: '/' });
  const when = shown.ok && shown.value.exitCode === 0 ? shown.value.stdout.trim() : '';
  return when === '' ? null : when;
};
