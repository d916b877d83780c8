import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ok } from '../../../core/result.ts';
import type { Run } from '../../../process/run.ts';
import { appointedRestart, appointRestart, cancelRestart, restartTimeOf, stampOf } from './appointment.ts';

const now = new Date(2026, 10, 22, 21, 50, 7);

const stamp = (text: string): string => {
  const at = restartTimeOf(text, now);
  return at.ok ? stampOf(at.value) : at.error.code;
};

/** Notes what is run; what it answers is `said` and `exitCode`. */
const recorder = (exitCode = 0, said = ''): { readonly run: Run; readonly ran: string[][] } => {
  const ran: string[][] = [];
  const run: Run = (argv) => {
    ran.push([...argv]);
    const isStop = argv[1] === 'stop';
    return Promise.resolve(
      ok({ exitCode: isStop ? 5 : exitCode, endedBy: null, stdout: said, stderr: 'no bus\n', tookMs: 1 }),
    );
  };
  return { run, ran };
};

describe('the time of a restart', () => {
  it('is the next time that it is so late, or that of a day', () => {
    assert.equal(stamp('03:00'), '2026-11-23 03:00:00');
    assert.equal(stamp('23:59'), '2026-11-22 23:59:00');
    assert.equal(stamp('2026-11-24T04:30'), '2026-11-24 04:30:00');
    assert.equal(stamp('2026-11-24 04:30'), '2026-11-24 04:30:00');
  });

  it('is refused where it is past, far, or none', () => {
    const texts = [
      '2026-11-22T21:00',
      '2027-11-22T03:00',
      '24:00',
      '3:00',
      '',
      '2026-02-30T03:00',
      '03:00; reboot',
      'tomorrow',
    ];
    assert.deepEqual(new Set(texts.map(stamp)), new Set(['restart-time-bad']));
  });
});

describe('an appointment', () => {
  const at = new Date(2026, 10, 23, 3, 0);
  const argv = ['/usr/bin/dualtone', 'database', 'restart'];

  it('takes the place of a former one', async () => {
    const { run, ran } = recorder();
    assert.ok((await appointRestart(at, argv, run)).ok);
    assert.deepEqual(
      ran.map(([program]) => program),
      ['systemctl', 'systemd-run'],
    );
    assert.ok(ran[1]?.includes('--on-calendar=2026-11-23 03:00:00'));
    assert.deepEqual(ran[1]?.slice(-4), ['--', ...argv]);
  });

  it('that systemd does not take is a fault', async () => {
    const made = await appointRestart(at, argv, recorder(1).run);
    assert.equal(!made.ok && made.error.code, 'restart-not-appointed');
  });

  it('is told, and taken back, also where there is none', async () => {
    assert.equal(
      await appointedRestart(recorder(0, 'Mon 2026-11-23 03:00:00 UTC\n').run),
      'Mon 2026-11-23 03:00:00 UTC',
    );
    assert.equal(await appointedRestart(recorder(0, '\n').run), null);
    assert.ok((await cancelRestart(recorder().run)).ok);
  });
});
