/** The link to those who vote, with etcd among them: what is for it goes to the core's voter, which asks etcd one thing at a time. */
import type { EtcdConfig } from '../config/config.ts';
import { createEtcdRunner } from '../core/arbiter/etcd-runner.ts';
import { ETCD, type EtcdReply, type EtcdRequest, type EtcdTrouble } from '../core/arbiter/etcd-voter.ts';
import type { Message } from '../core/message.ts';
import { ok, type Result } from '../core/result.ts';
import type { Settings } from '../core/settings.ts';
import type { EtcdClient } from '../etcd/client.ts';
import { decodeEtcdValue, encodeEtcdValue } from '../peer/etcd-value.ts';
import type { DatagramLink } from '../peer/link.ts';
import type { Clock, Notifier } from '../ports.ts';

export interface EtcdLinkParts {
  readonly config: Pick<EtcdConfig, 'clusterId' | 'prefix'>;
  readonly settings: Settings;
  /** Whose value it is, the same on both nodes. */
  readonly pair: string;
  /** Loaded when the link opens: a node with another arbiter has nothing of it. */
  readonly connect: () => Promise<{ readonly client: EtcdClient; readonly cluster: string }>;
  readonly clock: Clock;
}

const TEXT_BY_TROUBLE: Readonly<Record<EtcdTrouble, (key: string) => string>> = {
  'other-cluster': () =>
    'The etcd cluster that answers is not the one of `arbiter.cluster-id`: its word counts for nothing. See `arbiter.endpoints`; after a restore with a new number, write that into both nodes’ files.',
  'foreign-value': (key) =>
    `The value of ${key} in etcd is not this pair’s, or cannot be read: etcd gives no vote. See that no other pair has this prefix; if the value is a former one of this pair, delete it with \`etcdctl del ${key}\`.`,
  'went-back': (key) =>
    `The value of ${key} in etcd has gone back to an older one, as after a restore: etcd gave no vote for a while, and counts again.`,
};

/** Faults that a person must mend, unlike a member that is away. */
const TOLD: ReadonlySet<string> = new Set([
  'etcd-denied',
  'etcd-full',
  'etcd-tls',
  'etcd-malformed',
  'etcd-file-unreadable',
  'secret-unreadable',
  'secret-exposed',
]);

/** Each trouble is told when it begins, and that it is over once all is well. */
const createTeller = () => {
  let told: string | null = null;
  let notify: Notifier['notify'] = () => undefined;
  return {
    tellTo: (listener: Notifier['notify']): void => {
      notify = listener;
    },
    trouble: (code: string, text: string): void => {
      if (told === code) return;
      told = code;
      notify({ kind: 'notify', level: 'alarm', code, text });
    },
    well: (): void => {
      if (told === null) return;
      told = null;
      notify({ kind: 'notify', level: 'info', code: 'etcd-well', text: 'etcd votes again.' });
    },
  };
};

const replyOf = async (
  { pair, config }: EtcdLinkParts,
  client: EtcdClient,
  { put }: EtcdRequest,
): Promise<Result<EtcdReply>> => {
  const key = `${config.prefix}/right`;
  const told =
    put === null ? await client.read(key) : await client.put(key, encodeEtcdValue(pair, put.record), put.ifRevision);
  if (!told.ok) return told;
  const { cluster, isPut, key: seen } = told.value;
  const record = seen.value === null ? null : decodeEtcdValue(pair, seen.value);
  return ok({ cluster, isPut, revision: seen.revision, record });
};

/** The same link; `etcd` is one more that can be told, and that answers. */
export const withEtcd = (link: DatagramLink, parts: EtcdLinkParts): DatagramLink => {
  const { clock, settings, config } = parts;
  const teller = createTeller();
  const own = { role: settings.role, promises: settings.timing };
  let connection: Awaited<ReturnType<EtcdLinkParts['connect']>> | null = null;
  let listener: (from: string, message: Message) => void = () => undefined;
  const ask = async (request: EtcdRequest): Promise<void> => {
    if (connection === null) return;
    const reply = await replyOf(parts, connection.client, request);
    if (connection === null) return;
    if (reply.ok) return runner.replied(request.op, reply.value);
    const { code, message, remedy } = reply.error;
    if (TOLD.has(code)) teller.trouble(code, `${message} ${remedy}`);
    runner.failed(request.op);
  };
  const runner = createEtcdRunner(
    { ...own, cluster: '' },
    {
      now: () => ({ at: clock.now(), wall: Math.max(0, Math.floor(clock.wall())) }),
      ask: (request) => void ask(request),
      tell: (message) => listener(ETCD, message),
      decided: ({ trouble, tells }) => {
        if (trouble !== null) teller.trouble(`etcd-${trouble}`, TEXT_BY_TROUBLE[trouble](`${config.prefix}/right`));
        else if (tells.some((each) => each.type === 'answer' && each.why !== 'silent')) teller.well();
      },
    },
  );
  return {
    ...link,
    send: (to, message) => {
      if (to !== ETCD) return link.send(to, message);
      if (connection !== null) runner.told(message);
    },
    onMessage: (given) => {
      listener = given;
      link.onMessage(given);
    },
    onTrouble: teller.tellTo,
    open: async () => {
      connection = await parts.connect();
      runner.begin({ ...own, cluster: connection.cluster });
      return link.open();
    },
    close: async () => {
      connection?.client.close();
      connection = null;
      await link.close();
    },
  };
};
