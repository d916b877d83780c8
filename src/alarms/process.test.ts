import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLineReader } from '../process/json-lines.ts';
import type { FromAlarms, ToAlarms } from './protocol.ts';
import { checkpointFacts } from './testing/facts.ts';
import { isSigned } from './testing/signed.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/dualtone.ts', import.meta.url));
const KEY = 'k3y';

interface Posted {
  readonly id: string;
  readonly alarms: readonly { readonly code: string; readonly state: string }[];
}

/** A receiver that takes only what is signed, and calls `onPost` before it answers. */
const receive = async (onPost: (posted: Posted) => void) => {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const timestamp = String(request.headers['dualtone-timestamp']);
      const signature = String(request.headers['dualtone-signature']);
      const good = isSigned(KEY, { timestamp, signature, body }, Date.now() / 1000);
      response.statusCode = good ? 200 : 403;
      if (good) onPost(JSON.parse(body) as Posted);
      response.end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}/`, close };
};

const writeConfig = (directory: string, url: string): string => {
  const path = join(directory, 'checkpoint.yaml');
  for (const [name, text] of [
    ['pair.key', 'x'],
    ['hook.key', `${KEY}\n`],
  ] as const)
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  const lines = [
    'name: cp1',
    'listen: { address: 127.0.0.1 }',
    `key-file: ${directory}/pair.key`,
    'nodes: { main: { address: 127.0.0.2 }, standby: { address: 127.0.0.3 } }',
    `state-dir: ${directory}/state`,
    `run-dir: ${directory}/run`,
    'alarms:',
    '  group: 0ms',
    `  channels: [{ kind: webhook, name: hook, url: "${url}", key-file: ${directory}/hook.key }]`,
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
};

/** The real process, and the agent's side of its pipe. */
const start = (config: string, onMessage: (message: FromAlarms) => void) => {
  const argv = [...process.execArgv, PROGRAM, 'alarms', '--config', config, '--checkpoint'];
  const child: ChildProcess = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  const read = createLineReader(
    (message) => onMessage(message as FromAlarms),
    () => undefined,
  );
  child.stdout?.setEncoding('utf8').on('data', read);
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const tell = (message: ToAlarms): void => void child.stdin?.write(`${JSON.stringify(message)}\n`);
  return { child, tell, ended };
};

const noticeOf = (number: number): Extract<ToAlarms, { type: 'notice' }> => ({
  type: 'notice',
  life: 1,
  number,
  wall: Date.now(),
  level: 'alarm',
  code: `odd-${number}`,
  text: 'Something odd.',
});

const NOTICES = 12;

test('killed again and again while it keeps and sends, it loses nothing and repeats only under the same id', {
  timeout: 60_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'dualtone-alarms-'));
  const postedById = new Map<string, Posted>();
  let posts = 0;
  let running: ReturnType<typeof start> | null = null;
  let kills = 0;
  const kill = (): void => {
    kills += 1;
    running?.child.kill('SIGKILL');
  };
  const told = (): readonly string[] =>
    [...postedById.values()].flatMap(({ alarms }) => alarms.map(({ code }) => code));
  const receiver = await receive((posted) => {
    posts += 1;
    const known = postedById.get(posted.id);
    if (known === undefined) postedById.set(posted.id, posted);
    else assert.deepEqual(posted.alarms, known.alarms, 'one id, two messages');
    // It has it, and is killed before it can note so.
    if (kills < 6 && posts % 2 === 1) kill();
    if (told().length >= NOTICES) running?.child.stdin?.end();
  });
  const config = writeConfig(directory, receiver.url);
  let kept = 0;
  let number = 0;
  // As the agent does it: what is not kept is told to the next process again.
  while (told().length < NOTICES) {
    running = start(config, (message) => {
      if (message.type !== 'kept') return;
      kept = Math.max(kept, message.number);
      // As soon as it is kept, and before it can have left.
      if (kills < 3) return kill();
      if (number < NOTICES) {
        number += 1;
        running?.tell(noticeOf(number));
      }
    });
    for (let each = kept + 1; each <= number; each += 1) running.tell(noticeOf(each));
    if (number < NOTICES) {
      number += 1;
      running.tell(noticeOf(number));
    }
    running.tell({ type: 'facts', facts: checkpointFacts() });
    await running.ended;
  }
  receiver.close();
  assert.ok(kills >= 6, `only ${kills} kills`);
  const codes = told();
  assert.deepEqual(codes.toSorted(), Array.from({ length: NOTICES }, (_, index) => `odd-${index + 1}`).toSorted());
  assert.ok(posts - postedById.size <= kills);
  rmSync(directory, { recursive: true });
});
