/**
 * A stand-in for a hypervisor's or management board's Redfish service, over real HTTPS: what Debian's `fence_redfish` asks of it, and no more.
 * It can lie, hang and refuse, which no real one does when asked to.
 */
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

const SYSTEM = '/redfish/v1/Systems/1';
const RESET = `${SYSTEM}/Actions/ComputerSystem.Reset`;

export const startRedfish = async (
  tls: { readonly key: string; readonly cert: string },
  passwordFile: string,
  password: string,
): Promise<RedfishStandIn> => {
  const authorization = `Basic ${Buffer.from(`dualtone:${password}`).toString('base64')}`;
  const server = createServer(tls, (request, response) => {
    if (standIn.mood === 'hangs') return;
    const isKnown = request.headers.authorization === authorization;
    if (!isKnown || standIn.mood === 'refuses') {
      response.writeHead(401).end('{"error":{}}');
      return;
    }
    if (request.method === 'GET') {
      const system = { PowerState: standIn.power, Actions: { '#ComputerSystem.Reset': { target: RESET } } };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(system));
      return;
    }
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const { ResetType } = JSON.parse(body) as { readonly ResetType: string };
      standIn.orders.push(ResetType);
      if (standIn.mood === 'well') standIn.power = ResetType === 'On' ? 'On' : 'Off';
      response.writeHead(204).end();
    });
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
        `systems_uri=${SYSTEM}`,
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
