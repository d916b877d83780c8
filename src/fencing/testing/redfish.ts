/**
 * A stand-in for a hypervisor's or management board's Redfish service, over real HTTPS: what Debian's `fence_redfish` asks of it, and no more.
 * It can lie, hang and refuse, which no real one does when asked to.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { FenceDevice } from '../device.ts';

/** `lies`: accepts the order and does nothing. */
export type Mood = 'well' | 'lies' | 'hangs' | 'refuses';

export interface RedfishStandIn {
  mood: Mood;
  power: 'On' | 'Off';
  /** Orders that it was given. */
  readonly orders: string[];
  device(change?: Partial<FenceDevice>): FenceDevice;
  stop(): Promise<void>;
}

/** One machine that is on it, as the protocol sees it. */
export interface RedfishSystem {
  power(): 'On' | 'Off';
  /** Answered when it returns. */
  order(resetType: string): void | Promise<void>;
}

const SYSTEMS = '/redfish/v1/Systems/';
const resetOf = (name: string): string => `${SYSTEMS}${name}/Actions/ComputerSystem.Reset`;

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
};

/** The protocol alone: basic authentication, a system's state, and its reset. `refuses`: says so to everybody. */
export const answerRedfish =
  (password: string, systemOf: (name: string) => RedfishSystem | undefined, refuses: () => boolean) =>
  async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const authorization = `Basic ${Buffer.from(`dualtone:${password}`).toString('base64')}`;
    if (request.headers.authorization !== authorization || refuses()) {
      response.writeHead(401).end('{"error":{}}');
      return;
    }
    const name =
      request.url?.startsWith(SYSTEMS) === true ? (request.url.slice(SYSTEMS.length).split('/')[0] ?? '') : '';
    const system = systemOf(name);
    if (system === undefined) {
      response.writeHead(404).end('{"error":{}}');
      return;
    }
    if (request.method === 'GET') {
      const state = { PowerState: system.power(), Actions: { '#ComputerSystem.Reset': { target: resetOf(name) } } };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(state));
      return;
    }
    const { ResetType } = JSON.parse(await bodyOf(request)) as { readonly ResetType: string };
    await system.order(ResetType);
    response.writeHead(204).end();
  };

export const startRedfish = async (
  tls: { readonly key: string; readonly cert: string },
  passwordFile: string,
  password: string,
): Promise<RedfishStandIn> => {
  const system: RedfishSystem = {
    power: () => standIn.power,
    order: (resetType) => {
      standIn.orders.push(resetType);
      if (standIn.mood === 'well') standIn.power = resetType === 'On' ? 'On' : 'Off';
    },
  };
  const answer = answerRedfish(
    password,
    () => system,
    () => standIn.mood === 'refuses',
  );
  const server = createServer(tls, (request, response) => {
    if (standIn.mood !== 'hangs') void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const standIn: RedfishStandIn = {
    mood: 'well',
    power: 'On',
    orders: [],
    device: (change = {}) => ({
      name: 'hypervisor',
      agent: 'fence_redfish',
      options: [
        'ip=127.0.0.1',
        `ipport=${port}`,
        'ssl_insecure=1',
        `systems_uri=${SYSTEMS}1`,
        'username=dualtone',
        'power_timeout=2',
      ],
      secrets: [{ option: 'password', file: passwordFile }],
      timeoutMs: 20_000,
      ...change,
    }),
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return standIn;
};
