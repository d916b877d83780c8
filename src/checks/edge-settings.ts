/** Edge's settings, TURN secret included, on the machines that must have them alike: told by digests only. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { Run } from '../process/run.ts';
import { farHostOf } from '../switcher/switches.ts';
import { digestSettings, readDigests, type SettingDigests } from '../switches/edge/settings-digest.ts';
import type { EdgeFacts } from './facts.ts';

const ASK_MS: Millis = 10_000;

/** Of this node's own file. Faults: `edge-settings-unreadable`, `env-file-odd`. */
export const ownDigests = (config: Config, nonce: string, root = '/'): Result<SettingDigests> => {
  const { edge } = config.switches;
  if (edge === null) return ok({});
  try {
    return digestSettings(readFileSync(join(root, edge.settingsFile), 'utf8'), edge.settings, nonce);
  } catch (error) {
    const why = messageOf(error);
    return fail(
      'edge-settings-unreadable',
      `Edge's settings of this node cannot be read: ${why}.`,
      'Correct `switches.edge.settings-file`.',
    );
  }
};

/** What the other node may know of this one's; null where there is no Edge, or no file. */
export const edgeFacts = (config: Config): EdgeFacts | null => {
  if (config.switches.edge === null) return null;
  const nonce = randomBytes(16).toString('hex');
  const digests = ownDigests(config, nonce);
  return digests.ok ? { nonce, digests: digests.value } : null;
};

export interface FarDigests {
  readonly name: string;
  readonly digests: Result<SettingDigests>;
}

/** Of each contact centre, under the same nonce. Faults: those of the far host, `far-odd`. */
export const centreDigests = (
  { switches }: Config,
  nonce: string,
  run: Run,
  signal: AbortSignal,
): Promise<readonly FarDigests[]> => {
  const { edge, contactCentre } = switches;
  const hosts = (['main', 'standby'] as const).flatMap((role) => {
    const place = contactCentre?.[role] ?? null;
    if (contactCentre === null || place === null) return [];
    const name = `contact centre of the ${role}`;
    return [farHostOf(switches, name, { ...place, user: contactCentre.user }, run)];
  });
  return Promise.all(
    hosts.map(async (host): Promise<FarDigests> => {
      const { name } = host;
      const asked = await host.ask(['digests', nonce, ...(edge?.settings ?? [])], { timeoutMs: ASK_MS, signal });
      if (!asked.ok) return { name, digests: asked };
      const digests = readDigests(asked.value);
      const odd = fail('far-odd', `The ${name} answered something odd.`, 'Install the forced command of this version.');
      return { name, digests: digests === null ? odd : ok(digests) };
    }),
  );
};
