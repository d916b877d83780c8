import { type AmiMessage, headerOf } from '../../ami/message.ts';
import type { Clock } from '../../ports.ts';
import { type AriOptions, createAri } from './ari.ts';
import { type Awakening, createAwakening } from './awakening.ts';
import { type FamilyRules, followsBy } from './families.ts';
import { createManager, type ManagerOptions } from './manager.ts';
import { createReading, type Reading } from './reading.ts';
import { contactKey } from './rows.ts';
import { createWriting, type Writing } from './writing.ts';

/** AstDB of the Asterisk that runs on this node, as far as it follows. */
export interface AstDbBase extends Omit<Reading, 'forget'>, Writing {
  readonly rules: FamilyRules;
  start(listeners: BaseListeners): void;
  /** This node serves now: endpoints that Asterisk holds to be away, because it was mute, are asked again. */
  awaken(): void;
  /** It serves no more. */
  sleep(): void;
  /** Why Asterisk is not reached now, or did not do what it was asked last; null while all is well. */
  trouble(): string | null;
  stop(): Promise<void>;
}

export interface BaseListeners {
  /** Asterisk is reached (again): whatever was known of its rows may have changed. */
  readonly onOpen: () => void;
  /** The contact with this key appeared, changed or vanished. A refreshed registration is not told by Asterisk. */
  readonly onChanged: (key: string, vanished: boolean) => void;
}

export interface BaseOptions {
  readonly manager: ManagerOptions;
  /** Null: endpoints whose contacts follow are unavailable to queues until their phones register again. */
  readonly ari: AriOptions | null;
  readonly rules: FamilyRules;
}

/**
 * Reads and writes through the manager. Reading AstDB's file instead would be cheaper, but Asterisk writes it up to a second late,
 * and writing it behind a running Asterisk's back is not seen by it.
 */
export const createAstDbBase = (options: BaseOptions, clock: Clock): AstDbBase => {
  const follows = followsBy(options.rules);
  const manager = createManager(options.manager, clock);
  const ari = options.ari === null ? null : createAri(options.ari);
  const { forget, ...reading } = createReading(manager, follows);
  const writing = createWriting(manager, ari, follows);
  const awakening: Awakening = createAwakening(manager, ari, clock);
  return {
    ...reading,
    ...writing,
    rules: options.rules,
    start: ({ onOpen, onChanged }) =>
      manager.start(
        () => {
          forget();
          onOpen();
        },
        (event) => takeEvent(event, onChanged),
      ),
    awaken: () => awakening.begin(),
    sleep: () => awakening.end(),
    trouble: () => manager.trouble(),
    stop: async () => {
      await awakening.stop();
      await manager.stop();
      ari?.close();
    },
  };
};

const takeEvent = (event: AmiMessage, onChanged: BaseListeners['onChanged']): void => {
  if (event.name === 'PeerStatus') takePeer(event, onChanged);
  if (event.name !== 'ContactStatus') return;
  const aor = headerOf(event, 'AOR');
  const uri = headerOf(event, 'URI');
  if (aor === undefined || uri === undefined) return;
  onChanged(contactKey(aor, uri), headerOf(event, 'ContactStatus') === 'Removed');
};

/** chan_sip's, which tells each registration, a refreshed one too. */
const takePeer = (event: AmiMessage, onChanged: BaseListeners['onChanged']): void => {
  const name = /^SIP\/([^/]+)$/.exec(headerOf(event, 'Peer') ?? '')?.[1];
  const status = headerOf(event, 'PeerStatus');
  if (name === undefined || (status !== 'Registered' && status !== 'Unregistered')) return;
  onChanged(`SIP/Registry/${name}`, status === 'Unregistered');
};
