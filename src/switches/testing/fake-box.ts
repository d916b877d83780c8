/** A stand-in for a bero*fos box that speaks its HTTP protocol; it can be slow, refuse, hang, talk nonsense, or take commands and do nothing. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Mood = 'well' | 'slow' | 'hangs' | 'refuses' | 'nonsense' | 'stuck';

export interface FakeBox {
  readonly port: number;
  readonly asked: readonly string[];
  mood: Mood;
  readonly values: Map<string, string>;
  stop(): Promise<void>;
}

/** How long it takes while it is slow: less than the limit of a request. */
const SLOW_MS = 800;

/** `at`: default a free port of the loopback. */
export const startFakeBox = async (
  login: string | null,
  at: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 },
): Promise<FakeBox> => {
  const values = new Map([
    ['1_sz', '0'],
    ['4_mode', '1'],
    ['6_wen', '0'],
  ]);
  const asked: string[] = [];
  const wanted = login === null ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  const server = createServer((question, answer) => {
    asked.push(question.url ?? '');
    if (box.mood === 'slow') setTimeout(() => reply(question, answer), SLOW_MS);
    else reply(question, answer);
  });
  const reply = (question: IncomingMessage, answer: ServerResponse): void => {
    if (box.mood === 'hangs') return;
    if (box.mood === 'refuses' || question.headers.authorization !== wanted) {
      answer.writeHead(401).end();
      return;
    }
    const url = new URL(question.url ?? '/', 'http://box');
    if (url.pathname === '/config.txt') {
      answer.end(
        box.mood === 'nonsense'
          ? '<html>a printer</html>'
          : [...values].map(([key, value]) => `${key}=${value}\r\n`).join(''),
      );
      return;
    }
    const command = url.searchParams.get('cmd') ?? '';
    if (box.mood === 'well' || box.mood === 'slow')
      for (const [key, value] of url.searchParams) if (key !== 'cmd') values.set(`${command}_${key}`, value);
    answer.end('<html>ok</html>');
  };
  server.listen(at.port, at.host);
  await once(server, 'listening');
  const box: FakeBox = {
    port: (server.address() as AddressInfo).port,
    asked,
    mood: 'well',
    values,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return box;
};
