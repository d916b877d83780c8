/** A stand-in for provd that speaks its REST API (configurations, devices, resynchronisation with its monitors); it can refuse, hang, be slow and talk nonsense. Not provd itself. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProvdConfig } from '../enable/provd.ts';

export type ProvdMood = 'well' | 'slow' | 'hangs' | 'refuses' | 'nonsense';

/** How long it takes while it is slow: less than the limit of a request. */
const SLOW_MS = 300;

export interface FakeProvd {
  readonly url: string;
  readonly configById: Map<string, ProvdConfig>;
  readonly deviceById: Map<string, string | null>;
  /** Devices that were told, in order. */
  readonly synchronized: string[];
  /** Monitors that nobody has deleted. */
  readonly monitorById: Map<string, { device: string; looks: number }>;
  readonly writes: string[];
  /** Devices whose resynchronisation fails, or never ends. */
  readonly failing: Set<string>;
  readonly endless: Set<string>;
  mood: ProvdMood;
  /** Of this many writes the next is refused. */
  writesUntilRefusal: number;
  stop(): Promise<void>;
}

const TYPE = 'application/vnd.proformatique.provd+json';

const send = (answer: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}): void => {
  answer
    .writeHead(status, { 'content-type': TYPE, ...headers })
    .end(body === undefined ? undefined : JSON.stringify(body));
};

const configRequest = async (fake: FakeProvd, question: IncomingMessage, answer: ServerResponse, id: string) => {
  const config = fake.configById.get(id);
  if (config === undefined) return send(answer, 404);
  if (question.method === 'GET') return send(answer, 200, { config });
  if (fake.writesUntilRefusal-- === 0) return send(answer, 500);
  fake.writes.push(id);
  fake.configById.set(id, (JSON.parse(await text(question)) as { config: ProvdConfig }).config);
  send(answer, 204);
};

const monitorRequest = (fake: FakeProvd, question: IncomingMessage, answer: ServerResponse, id: string): void => {
  const monitor = fake.monitorById.get(id);
  if (monitor === undefined) return send(answer, 404);
  if (question.method === 'DELETE') {
    fake.monitorById.delete(id);
    return send(answer, 204);
  }
  monitor.looks += 1;
  const isOver = monitor.looks > 2 && !fake.endless.has(monitor.device);
  const end = fake.failing.has(monitor.device) ? 'fail' : 'success';
  send(answer, 200, { status: isOver ? `sync|${end}` : `sync|progress;${monitor.looks}/3(sub|waiting)` });
};

const begin = async (fake: FakeProvd, question: IncomingMessage, answer: ServerResponse): Promise<void> => {
  const { id } = JSON.parse(await text(question)) as { id: string };
  fake.synchronized.push(id);
  const monitor = `m${fake.synchronized.length}`;
  fake.monitorById.set(monitor, { device: id, looks: 0 });
  send(answer, 201, undefined, { location: `/provd/dev_mgr/synchronize/${monitor}` });
};

const route = async (fake: FakeProvd, question: IncomingMessage, answer: ServerResponse): Promise<void> => {
  const path = question.url ?? '';
  if (fake.mood === 'hangs') return;
  if (fake.mood === 'slow') await sleep(SLOW_MS);
  if (fake.mood === 'refuses') return send(answer, 401);
  if (fake.mood === 'nonsense') return void answer.end('<html>');
  if (path === '/provd/cfg_mgr/configs') return send(answer, 200, { configs: [...fake.configById.values()] });
  if (path === '/provd/dev_mgr/devices') {
    const devices = [...fake.deviceById].map(([id, config]) => (config === null ? { id } : { id, config }));
    return send(answer, 200, { devices });
  }
  const config = /^\/provd\/cfg_mgr\/configs\/(\w+)$/.exec(path)?.[1];
  if (config !== undefined) return configRequest(fake, question, answer, config);
  const monitor = /^\/provd\/dev_mgr\/synchronize\/(\w+)$/.exec(path)?.[1];
  if (monitor !== undefined) return monitorRequest(fake, question, answer, monitor);
  if (path === '/provd/dev_mgr/synchronize') return begin(fake, question, answer);
  send(answer, 404);
};

export const startFakeProvd = async (
  configs: readonly ProvdConfig[],
  devices: Readonly<Record<string, string | null>>,
  place: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 },
): Promise<FakeProvd> => {
  const server = createServer((question, answer) => void route(fake, question, answer));
  server.listen(place.port, place.host);
  await once(server, 'listening');
  const fake: FakeProvd = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/provd`,
    configById: new Map(configs.map((config) => [config.id, config])),
    deviceById: new Map(Object.entries(devices)),
    synchronized: [],
    monitorById: new Map(),
    writes: [],
    failing: new Set(),
    endless: new Set(),
    mood: 'well',
    writesUntilRefusal: -1,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
};
