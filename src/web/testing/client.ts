/** A client over real TLS that trusts the server's own certificate and nothing else. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import type { World } from '../keeper/testing/world.ts';

export interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: unknown;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: unknown;
}

const bodyOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

export const ask = (world: World, path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Told> =>
  new Promise((resolve, reject) => {
    const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
    const given =
      text === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const sent = request(
      {
        host: '127.0.0.1',
        port: world.port,
        path,
        method,
        headers: { ...given, ...headers },
        ca: world.certificate(),
        agent: false,
      },
      (response) => {
        let said = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          said += piece;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: said, body: bodyOf(said) }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(text ?? undefined);
  });

export const bearer = (token: string): OutgoingHttpHeaders => ({ authorization: `Bearer ${token}` });

/** As the page sends it. */
export const PAGE_HEADERS = { 'x-dualtone': '1', 'sec-fetch-site': 'same-origin' };

export const login = async (
  world: World,
  user: string,
  password: string,
): Promise<Told & { readonly cookie: string }> => {
  const told = await ask(world, '/api/v1/session', { method: 'POST', headers: PAGE_HEADERS, body: { user, password } });
  return { ...told, cookie: told.headers['set-cookie']?.[0]?.split(';')[0] ?? '' };
};

/** A socket after its handshake, for those who do not keep to the rules. */
export const rawSocket = (world: World): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.certificate() }, () => resolve(socket));
    socket.on('error', reject);
  });

/** Everything that is said until the other side ends. */
export const untilEnd = (socket: TLSSocket): Promise<string> =>
  new Promise((resolve) => {
    let said = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    socket.once('close', () => resolve(said));
    socket.once('error', () => resolve(said));
  });

export interface StreamEvent {
  readonly name: string;
  readonly id: string;
  readonly data: unknown;
}

export interface EventStream {
  readonly status: number;
  /** The next event of that name, also one that has come already and was not taken. */
  next(name: string): Promise<StreamEvent>;
  /** When the server has ended it. */
  readonly ended: Promise<void>;
  close(): void;
}

const eventOf = (block: string): StreamEvent | null => {
  const fields = new Map(
    block.split('\n').map((line) => [line.split(': ')[0] ?? '', line.slice(line.indexOf(': ') + 2)]),
  );
  const name = fields.get('event');
  return name === undefined ? null : { name, id: fields.get('id') ?? '', data: bodyOf(fields.get('data') ?? '') };
};

export const openEvents = (world: World, headers: OutgoingHttpHeaders): Promise<EventStream> =>
  new Promise((resolve, reject) => {
    const queue: StreamEvent[] = [];
    const waiting: { readonly name: string; readonly take: (event: StreamEvent) => void }[] = [];
    const arrived = (event: StreamEvent): void => {
      const at = waiting.findIndex(({ name }) => name === event.name);
      const [first] = at < 0 ? [] : waiting.splice(at, 1);
      if (first === undefined) queue.push(event);
      else first.take(event);
    };
    const ended = Promise.withResolvers<void>();
    const sent = request(
      { host: '127.0.0.1', port: world.port, path: '/api/v1/events', headers, ca: world.certificate(), agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
          for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
            const event = eventOf(text.slice(0, end));
            text = text.slice(end + 2);
            if (event !== null) arrived(event);
          }
        });
        response.on('close', () => ended.resolve());
        response.on('error', () => ended.resolve());
        resolve({
          status: response.statusCode ?? 0,
          ended: ended.promise,
          next: (name) =>
            new Promise((take) => {
              const at = queue.findIndex((event) => event.name === name);
              const [first] = at < 0 ? [] : queue.splice(at, 1);
              if (first === undefined) waiting.push({ name, take });
              else take(first);
            }),
          close: () => sent.destroy(),
        });
      },
    );
    sent.on('error', reject);
    sent.end();
  });
