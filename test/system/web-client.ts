/** A client inside a network namespace: `web-client.ts CERTIFICATE ADDRESS TOKEN METHOD PATH [BODY]`, or `… view COUNT SECONDS`. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

const [certificate = '', host = '', token = '', verb = '', path = '', last = ''] = process.argv.slice(2);
const ca = readFileSync(certificate, 'utf8');
const headers = token === '-' ? {} : { authorization: `Bearer ${token}` };

const ask = (): Promise<string> =>
  new Promise((resolve) => {
    const given = last === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(last) };
    const sent = request(
      { host, port: 8443, path, method: verb, ca, agent: false, headers: { ...headers, ...given } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => resolve(JSON.stringify({ status: response.statusCode, text })));
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(JSON.stringify({ status: 0, text: error.message })));
    sent.end(last === '' ? undefined : last);
  });

const CONNECT_MS = 60_000;

/** Viewers that only read, so long once all have been answered; tells how much came. */
const look = async (count: number, seconds: number): Promise<string> => {
  let [open, answered, bytes, events] = [0, 0, 0, 0];
  const all = Promise.withResolvers<void>();
  const answer = (): void => {
    answered += 1;
    if (answered === count) all.resolve();
  };
  const viewers = Array.from({ length: count }, () => {
    const sent = request({ host, port: 8443, path: '/api/v1/events', ca, agent: false, headers }, (response) => {
      if (response.statusCode === 200) open += 1;
      answer();
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (piece.includes('event: ')) events += 1;
      });
      response.on('error', () => undefined);
    });
    sent.on('error', answer);
    sent.end();
    return sent;
  });
  if (count > 0) await Promise.race([all.promise, sleep(CONNECT_MS, undefined, { ref: false })]);
  await sleep(seconds * 1000);
  for (const viewer of viewers) viewer.destroy();
  return JSON.stringify({ status: 200, text: JSON.stringify({ open, bytes, events }) });
};

process.stdout.write(await (verb === 'view' ? look(Number(path), Number(last)) : ask()));
