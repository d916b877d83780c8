/** Two machines as they come from their installer become a pair, by the commands that a person gives. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type FreshHost, PROGRAM_PATH } from './fresh-hosts.ts';

/** `join`, with the token on its standard input. */
export const joinWith = async (token: string, host: FreshHost): Promise<void> => {
  const joining = host.start(PROGRAM_PATH, 'join', '-', '--yes', '--json');
  joining.stdin?.end(`${token}\n`);
  assert.deepEqual(await once(joining, 'exit'), [0, null]);
};

/** `init` on the one, `join` on the other; resolves when both have ended. */
export const pairHosts = async (one: FreshHost, other: FreshHost): Promise<void> => {
  const inviting = one.start(PROGRAM_PATH, 'init', '--yes', '--json', '--role', 'main', '--address', one.address);
  const ended = once(inviting, 'exit');
  let said = '';
  const token = await new Promise<string>((resolve, reject) => {
    inviting.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /"token":"(dt1-[^"]+)"/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(said)));
  });
  await joinWith(token, other);
  assert.deepEqual(await ended, [0, null], said);
};
