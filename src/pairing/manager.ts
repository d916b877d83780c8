/** Asterisk’s manager, by which the agent asks and is told: a user of its own, where Asterisk reads a folder of them. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Change } from '../changes/change.ts';
import { readText } from './machine.ts';
import { type Places, pathsOf, secretFile } from './plan.ts';

export interface ManagerPlaces {
  /** `/etc/asterisk`. */
  readonly configDir: string;
  /** Asterisk’s own control socket: it is there while Asterisk runs. */
  readonly controlSocket: string;
}

export const usualManager: ManagerPlaces = { configDir: '/etc/asterisk', controlSocket: '/run/asterisk/asterisk.ctl' };

export interface ManagerPlan {
  /** The agent can ask it once the changes are made. */
  readonly hasManager: boolean;
  readonly changes: readonly Change[];
}

const userFile = (secret: string): string => `; Written by Dualtone: its own user. \`dualtone disable\` removes it.
[general](+)
enabled = yes

[dualtone]
secret = ${secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = system,call,command,reporting,cdr
write = system,call,command,reporting,originate,config,user,agent
writetimeout = 1000
`;

const INCLUDES = /^\s*#(?:try)?include\s+"?manager\.d\/\*\.conf"?/m;

/** What must change so that the manager can be asked; nothing where its secret is there, or where its files are arranged otherwise. */
export const planManager = (places: Places, manager: ManagerPlaces | null): ManagerPlan => {
  const { amiSecret } = pathsOf(places);
  if (existsSync(amiSecret)) return { hasManager: true, changes: [] };
  if (manager === null) return { hasManager: false, changes: [] };
  const main = join(manager.configDir, 'manager.conf');
  const folder = join(manager.configDir, 'manager.d');
  if (!INCLUDES.test(readText(main) ?? '') || !existsSync(folder)) return { hasManager: false, changes: [] };
  const secret = randomBytes(24).toString('base64url');
  const after = existsSync(manager.controlSocket) ? ['asterisk', '-rx', 'manager reload'] : null;
  return {
    hasManager: true,
    changes: [
      secretFile(amiSecret, `${secret}\n`),
      {
        kind: 'file',
        path: join(folder, 'dualtone.conf'),
        text: userFile(secret),
        mode: 0o640,
        secret: true,
        after,
        like: main,
      },
    ],
  };
};
