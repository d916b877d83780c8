/** Opens the pages of a lab on this machine's loopback, with the plugs. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { ownCertificate } from '../../src/web/keeper/certificate.ts';
import type { Lab } from '../lab.ts';
import { openPages, WEB_PORT } from './nodes.ts';
import { createPlugs } from './plugs.ts';
import { type Place, servePage } from './server.ts';

export interface OpenedPages {
  /** By the node's name. */
  readonly pages: readonly { readonly name: string; readonly address: string }[];
  readonly user: string;
  readonly password: string;
  readonly close: () => Promise<void>;
}

export const USER = 'lab';
const ROLES = ['main', 'standby'] as const;
/** Tried first, so that an address can be remembered; else any. */
const PORTS = { main: 8441, standby: 8442 } as const;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const startRelay = async (lab: Lab, folder: string) => {
  const args = ROLES.flatMap((role) => [join(folder, role), lab.host(role).address.v4, String(WEB_PORT)]);
  const program = join(import.meta.dirname, 'relay.ts');
  return await lab.host('phones').spawn([process.execPath, program, ...args], { stdio: ['pipe', 'ignore', 'ignore'] });
};

const portOf = (server: Server): number => {
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
};

/** Faults: those of the hosts, `page-silent`, `plugs-not-open`. */
export const openPlugs = async (lab: Lab): Promise<Result<OpenedPages>> => {
  const password = randomBytes(12).toString('base64url');
  const paged = await openPages(lab, USER, password);
  if (!paged.ok) return paged;
  const folder = await mkdtemp(join(tmpdir(), 'dualtone-plugs-'));
  const relay = await startRelay(lab, folder);
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    if (relay.ok) relay.value.stdin?.end();
    await rm(folder, { recursive: true, force: true });
  };
  if (!relay.ok) {
    await close();
    return relay;
  }
  const certificate = ownCertificate(folder, 'Dualtone lab', ['localhost', '127.0.0.1']).read(Date.now());
  if (!certificate.ok) {
    await close();
    return certificate;
  }
  const plugs = createPlugs(lab);
  const pages: { name: string; address: string }[] = [];
  const openAt = async (place: Place): Promise<Server> => await servePage(place, certificate.value, plugs, () => pages);
  try {
    for (const name of ROLES) {
      const place = { name, socket: join(folder, name), port: PORTS[name] };
      const server = await openAt(place).catch(async () => await openAt({ ...place, port: 0 }));
      servers.push(server);
      pages.push({ name, address: `https://127.0.0.1:${portOf(server)}/` });
    }
  } catch (error) {
    await close();
    return fail('plugs-not-open', `the pages of the lab cannot be opened: ${messageOf(error)}`, 'try it again');
  }
  return ok({ pages, user: USER, password, close });
};

/** For a terminal. */
export const pagesText = ({ pages, user, password }: OpenedPages): string =>
  [
    'The page, with the plugs to pull (its certificate is of its own making):',
    ...pages.map(({ name, address }) => `    ${name.padEnd(8)} ${address}`),
    `    user ${user}, password ${password}`,
  ].join('\n');
