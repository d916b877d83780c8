/** One command at a time changes what a machine is paired with: whoever comes second is told who is first. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { resolve } from 'node:path';
import { fail, ok, type Result } from '../core/result.ts';
import type { Places } from './plan.ts';

export interface PairingLock {
  release(): Promise<void>;
}

const ASK_MS = 1000;
const LONGEST = 100;

const realPath = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
};

/** Of the abstract kind: the kernel takes it back when its process ends, however it ends. */
const nameOf = ({ stateDir }: Places): string =>
  `\0dualtone-pairing-${createHash('sha256').update(realPath(stateDir)).digest('base64url')}`;

const holderOf = (name: string): Promise<string> =>
  new Promise((done) => {
    const socket = connect(name);
    let said = '';
    const end = (): void => {
      socket.destroy();
      done(said.slice(0, LONGEST).replaceAll(/\P{ASCII}|\p{Cc}/gu, '') || 'another program');
    };
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.length > LONGEST) end();
    });
    socket.setTimeout(ASK_MS, end);
    socket.once('error', end).once('end', end);
  });

const listen = (server: Server, name: string): Promise<boolean> =>
  new Promise((done) => {
    server.once('error', () => done(false));
    server.listen(name, () => done(true));
  });

/** `what`: the command, for whoever comes second. Held until `release` or the end of the process. Fault: `pairing-busy`. */
export const takeLock = async (places: Places, what: string): Promise<Result<PairingLock>> => {
  const name = nameOf(places);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`${what}, process ${process.pid}`);
  });
  if (!(await listen(server, name)))
    return fail(
      'pairing-busy',
      `Another command changes the pairing of this machine: ${await holderOf(name)}.`,
      'Wait for its end, or end it with Ctrl-C.',
    );
  server.unref();
  return ok({ release: () => new Promise((done) => server.close(() => done())) });
};
