import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { run } from '../../src/process/run.ts';
import { createKey } from '../../src/ssh/key.ts';

/** A person's own ssh-agent in `folder`, which this process's SSH finds while `use` runs; `own` is the key in it, with its `.pub`. */
export const withPersonsAgent = async (folder: string, use: (own: string) => Promise<void>): Promise<void> => {
  const socket = join(folder, 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  const former = process.env['SSH_AUTH_SOCK'];
  try {
    await once(agent.stdout, 'data');
    process.env['SSH_AUTH_SOCK'] = socket;
    const own = join(folder, 'own');
    assert.ok((await createKey(own, 'person')).ok);
    assert.ok((await run(['ssh-add', '-q', own], { timeoutMs: 10_000, env: { SSH_AUTH_SOCK: socket } })).ok);
    await use(own);
  } finally {
    if (former === undefined) delete process.env['SSH_AUTH_SOCK'];
    else process.env['SSH_AUTH_SOCK'] = former;
    agent.kill('SIGKILL');
  }
};
