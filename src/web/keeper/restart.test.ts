import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeSnapshot } from '../../api/snapshot.ts';
import { goodSnapshot } from '../../checks/testing/around.ts';
import { ok } from '../../core/result.ts';
import type { ConfigView } from '../contract.ts';
import { createRestart } from './restart.ts';

const VIEW = { problems: [], timesChange: false } as unknown as ConfigView;
const PASSIVE: NodeSnapshot = { ...goodSnapshot, server: 'other' };

const order = async (view: Partial<ConfigView>, snapshot: NodeSnapshot | null, pid = goodSnapshot.agent.pid) => {
  const ran: string[] = [];
  const audits: string[] = [];
  const restart = createRestart({
    view: async () => ok({ ...VIEW, ...view }),
    snapshot: () => snapshot,
    audit: (by, what) => audits.push(`${by} ${what}`),
    run: async (argv) => {
      ran.push(argv.join(' '));
      return ok({ exitCode: 0, endedBy: null, stdout: `${pid}\n`, stderr: '', tookMs: 1 });
    },
  });
  const done = await restart('anna');
  return { code: done.ok ? 'ok' : done.error.code, ran: ran.filter((each) => each.includes('restart')), audits };
};

test('the node that does not serve starts again, and the journal says who ordered it', async () => {
  const { code, ran, audits } = await order({}, PASSIVE);
  assert.deepEqual([code, ran, audits], ['ok', ['systemctl --no-block restart dualtone.service'], ['anna restart']]);
});

test('where it might cost a call, or the agent would not come back, nothing is restarted', async () => {
  const problem = { line: 1, column: 1, path: 'a', message: 'x', remedy: 'x' };
  const cases = [
    ['agent-silent', await order({}, null)],
    ['restart-serves', await order({}, { ...goodSnapshot, server: 'this' })],
    ['restart-serves', await order({}, { ...goodSnapshot, server: 'nobody' })],
    ['restart-invalid', await order({ problems: [problem] }, PASSIVE)],
    ['restart-times', await order({ timesChange: true }, PASSIVE)],
    ['restart-elsewhere', await order({}, PASSIVE, 1)],
  ] as const;
  for (const [code, done] of cases) assert.deepEqual([done.code, done.ran, done.audits], [code, [], []]);
});
