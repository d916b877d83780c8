/** Another machine takes the other node's place while this one serves: its address, pin and key are taken up without a restart. */
import type { CommandAnswer } from '../api/protocol.ts';
import type { Config } from '../config/config.ts';
import type { Result } from '../core/result.ts';
import { rivalOf } from '../core/words.ts';
import type { DatagramLink } from '../peer/link.ts';
import { nodeKeys } from './keys.ts';
import type { PairStream } from './pair-stream.ts';

/** What the agent runs with; only `peer` is ever changed in it, by `reload`. */
export type LiveConfig = Omit<Config, 'peer'> & { peer: Config['peer'] };

export interface ReloadParts {
  readonly config: LiveConfig;
  readonly link: Pick<DatagramLink, 'replace'>;
  readonly stream: Pick<PairStream, 'renew'>;
  /** Processes beside the agent that read the file at their start. */
  readonly beside: readonly { again(): void }[];
  /** The file as it is now, without the work of parsing it: that would cost the loop a lease. */
  readonly reread: () => Result<Config>;
}

const refused = (code: string, text: string, remedy: string): CommandAnswer => ({ ok: false, code, text, remedy });

/** Where something looks at the other node by its address, that was settled at the start. */
const looksByAddress = ({ node, watch, probes }: LiveConfig, { peer }: Pick<Config, 'peer'>): boolean =>
  (watch.kind === 'looks' && node.role === 'standby') ||
  [...probes.sip, ...probes.tcp].some(({ host }) => host === peer.address);

const needsRestart = (config: LiveConfig, next: Config): boolean => {
  if (JSON.stringify({ ...next, peer: null }) !== JSON.stringify({ ...config, peer: null })) return true;
  return next.peer.address !== config.peer.address && (looksByAddress(config, config) || looksByAddress(config, next));
};

/** Takes up a new other node from the file and its keys. Refuses, changing nothing, where more than that has changed. */
export const createReload =
  ({ config, link, stream, beside, reread }: ReloadParts): (() => Promise<CommandAnswer>) =>
  async () => {
    const read = reread();
    if (!read.ok) return refused(read.error.code, read.error.message, read.error.remedy);
    const next = read.value;
    if (needsRestart(config, next))
      return refused(
        'reload-needs-restart',
        'More has changed in the configuration than who the other node is.',
        'Restart the agent, which costs no call: `systemctl restart dualtone`.',
      );
    const keys = nodeKeys(next);
    if (!keys.ok) return refused(keys.error.code, keys.error.message, keys.error.remedy);
    config.peer = next.peer;
    const { address, port, name } = next.peer;
    link.replace({ name: rivalOf(config.node.role), address, port, key: keys.value.pair });
    const renewed = await stream.renew(next, keys.value);
    for (const each of beside) each.again();
    if (!renewed.ok) return refused(renewed.error.code, renewed.error.message, renewed.error.remedy);
    return { ok: true, code: 'reloaded', text: `The other node is ${name}, ${address}.`, remedy: '' };
  };
