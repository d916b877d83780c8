/** What this node's Asterisk says of its mailboxes while a merge works on them, and what it is told; one connection, kept for a moment. */
import { type AmiConnection, connectAmi } from '../../ami/connection.ts';
import type { Config } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import { readSecret } from '../../replication/access.ts';
import {
  checkRefresh,
  countRecording,
  createRefresh,
  readMailboxesInUse,
  readMailboxLimits,
} from '../../replication/voicemail/refresh.ts';
import { keyOf, type MailboxName } from '../../replication/voicemail/spool.ts';

export interface MailboxesNow {
  readonly maxMessages: (mailbox: MailboxName) => number;
  readonly inUse: (mailbox: MailboxName) => boolean;
  readonly warnings: readonly string[];
}

/** Faults of all: `voicemail-no-manager`, `voicemail-refused`, those of the connection and of the secret. Where Asterisk does not run nobody listens, and nobody is told. */
export interface Mailboxes {
  now(): Promise<Result<MailboxesNow>>;
  refresh(mailbox: MailboxName): Promise<Result<void>>;
  /** Calls that record a message. */
  recording(): Promise<Result<number>>;
  stop(): void;
}

const CONNECT_MS: Millis = 3000;
const ACTION_MS: Millis = 10_000;
/** So long unused it is closed. */
const IDLE_MS: Millis = 2000;
/** Asterisk's own, where it cannot be asked. */
const USUAL_MOST = 100;

const noManager = () =>
  fail(
    'voicemail-no-manager',
    'Voicemail is not merged without the manager of Asterisk: nobody knows who is listening to a mailbox.',
    'Configure probes.ami, with the classes call, reporting, system, user and config in manager.conf.',
  );

const nobody: MailboxesNow = { maxMessages: () => USUAL_MOST, inUse: () => false, warnings: [] };

const readNow = async (ami: AmiConnection): Promise<Result<MailboxesNow>> => {
  const limits = await readMailboxLimits(ami);
  if (!limits.ok) return limits;
  const inUse = await readMailboxesInUse(ami);
  if (!inUse.ok) return inUse;
  const late = await checkRefresh(ami);
  if (!late.ok) return late;
  return ok({
    maxMessages: (mailbox) => limits.value.get(keyOf(mailbox)) ?? USUAL_MOST,
    inUse: inUse.value,
    warnings: late.value === null ? [] : [`${late.value.message} ${late.value.remedy}`],
  });
};

export const createMailboxes = (config: Pick<Config, 'probes'>, clock: Clock): Mailboxes => {
  const stopping = new AbortController();
  let open: AmiConnection | null = null;
  let cancelClose = (): void => undefined;
  const close = (): void => {
    cancelClose();
    open?.close();
    open = null;
  };
  const enter = async (): Promise<Result<AmiConnection>> => {
    if (open !== null) return ok(open);
    const { ami } = config.probes;
    if (ami === null) return noManager();
    const secret = readSecret(ami.secretFile);
    if (!secret.ok) return secret;
    const { host, port, user } = ami;
    const connected = await connectAmi(
      { host, port, user, secret: secret.value, connectTimeoutMs: CONNECT_MS, actionTimeoutMs: ACTION_MS },
      {
        onClose: () => {
          open = null;
        },
      },
      stopping.signal,
    );
    if (connected.ok) open = connected.value;
    return connected;
  };
  /** `otherwise` where Asterisk does not run. */
  const on = async <T>(otherwise: T, act: (ami: AmiConnection) => Promise<Result<T>>): Promise<Result<T>> => {
    cancelClose();
    const ami = await enter();
    if (!ami.ok) return ami.error.code === 'ami-refused' ? ok(otherwise) : ami;
    const done = await act(ami.value);
    cancelClose();
    cancelClose = clock.at(clock.now() + IDLE_MS, close);
    return done;
  };
  return {
    now: () => on(nobody, readNow),
    refresh: (mailbox) => on(undefined, (ami) => createRefresh(ami)(mailbox)),
    recording: () => on(0, countRecording),
    stop: () => {
      stopping.abort();
      close();
    },
  };
};
