import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExecs } from './commands.ts';

test('every program of the kernel’s account is read, and no other line', () => {
  const trace = `# tracer: nop
            bash-412     [001] .....  71.000001: sched_process_exec: filename=/usr/bin/systemctl pid=412 old_pid=412
            node-9       [000] .....  71.000002: sched_process_fork: comm=node pid=9 child_comm=node child_pid=10
           <...>-413     [001] .....  71.000003: sched_process_exec: filename=/usr/sbin/nft pid=413 old_pid=413
            bash-414     [001] .....  71.000004: sched_process_exec: filename=/usr/bin/systemctl pid=414 old_pid=414
`;
  assert.deepEqual(readExecs(trace), ['/usr/bin/systemctl', '/usr/sbin/nft', '/usr/bin/systemctl']);
});
