import { createHash } from 'node:crypto';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import { type AmiHeader, type AmiMessage, encodeAction, headerOf } from './message.ts';
import { type AmiLimits, type AmiParser, amiLimits, createAmiParser } from './parser.ts';

export interface AmiOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Never sent: the login answers a challenge. Never logged. */
  readonly secret: string;
  /** Connecting, greeting and login together. */
  readonly connectTimeoutMs: number;
  /** From sending an action to its whole answer, unless the action says otherwise. */
  readonly actionTimeoutMs: number;
  /** Which classes of events to receive (`system`, `call,user` …); default: none. */
  readonly events?: string | undefined;
  readonly tls?: AmiTls | undefined;
  readonly localAddress?: string | undefined;
  readonly limits?: AmiLimits | undefined;
}

export interface AmiTls {
  /** Certificates to trust, PEM; default: the system's. */
  readonly ca?: string | undefined;
  readonly serverName?: string | undefined;
  /** Off only where the connection stays within the machine. */
  readonly verify: boolean;
}

export interface AmiListeners {
  readonly onEvent?: ((event: AmiMessage) => void) | undefined;
  /** Called once when an open connection ends by itself; not after `close`. */
  readonly onClose?: ((fault: Fault) => void) | undefined;
}

export interface AmiAsk {
  readonly timeoutMs?: number | undefined;
  /** Collects the events of a list: every event with this action's id, until the one of this name. */
  readonly until?: string | undefined;
}

export interface AmiAnswer {
  readonly response: AmiMessage;
  /** The entries of a list, without the closing event. */
  readonly entries: readonly AmiMessage[];
}

export interface AmiConnection {
  /** Protocol version of the greeting: 2.x with Asterisk 13, 5.x with 16, 11.x with 22. */
  readonly version: string;
  /**
   * Sends an action at once, behind those not yet answered, and waits for its own answer. An answer `Response: Error` is
   * a success here. Faults: `ami-timeout`, `ami-closed`, `ami-congested`, `ami-bad-header`, `ami-line-too-long`.
   */
  act(action: string, headers?: readonly AmiHeader[], ask?: AmiAsk): Promise<Result<AmiAnswer>>;
  /** Ends the connection; actions under way end with `ami-closed`. */
  close(): void;
}

interface Pending {
  readonly until: string | undefined;
  readonly entries: AmiMessage[];
  response: AmiMessage | null;
  readonly settle: (result: Result<AmiAnswer>) => void;
}

interface Wire {
  readonly socket: Socket;
  readonly parser: AmiParser;
  readonly options: AmiOptions;
  readonly pendingById: Map<string, Pending>;
  readonly listeners: AmiListeners;
  greeted: (() => void) | null;
  /** Why the wire is of no more use; null while it is. */
  ended: Fault | null;
  onEnded: ((fault: Fault) => void) | null;
  nextId: number;
}

/** What may wait in memory for a manager that does not read. */
const unsentBytes = 4 * 1_024 * 1_024;

/** Of one list, and of actions under way: far above what a PBX has, and still some tens of MB. */
const mostEntries = 100_000;

/**
 * Connects, waits for the greeting and logs in. Faults: `ami-refused` (nobody listens), `ami-closed` (accepted and dropped),
 * `ami-unreachable`, `ami-timeout` (accepted, but nothing answers), `ami-not-asterisk`, `ami-login-refused`, `ami-tls`,
 * `ami-local` (this machine's own trouble), `ami-aborted`.
 */
export const connectAmi = async (
  options: AmiOptions,
  listeners: AmiListeners = {},
  signal?: AbortSignal,
): Promise<Result<AmiConnection>> => {
  if (signal?.aborted === true) return aborted();
  const wire = openWire(options, listeners);
  const calledOff = (): void => endWire(wire, aborted().error);
  signal?.addEventListener('abort', calledOff, { once: true });
  const timer = afterReading(options.connectTimeoutMs, () => endWire(wire, lateFault(options, 'greeting or login')));
  try {
    const greeted = await greeting(wire);
    const entered = greeted.ok ? await login(wire) : greeted;
    if (!entered.ok) {
      endWire(wire, entered.error);
      return entered;
    }
    if (wire.ended !== null) return { ok: false, error: wire.ended };
    wire.onEnded = (fault) => listeners.onClose?.(fault);
    return ok(connectionOn(wire));
  } finally {
    timer();
    signal?.removeEventListener('abort', calledOff);
  }
};

const aborted = (): { readonly ok: false; readonly error: Fault } =>
  fail('ami-aborted', 'The connection to the manager was called off.', 'Nothing to do.');

const connectionOn = (wire: Wire): AmiConnection => ({
  version: wire.parser.version() ?? '',
  act: (action, headers = [], ask = {}) => act(wire, action, headers, ask),
  close: () => {
    wire.onEnded = null;
    endWire(wire, closedFault(wire.options, 'closed by us'));
  },
});

const openWire = (options: AmiOptions, listeners: AmiListeners): Wire => {
  const { host, port, localAddress, tls } = options;
  const place = { host, port, ...(localAddress === undefined ? {} : { localAddress }) };
  const socket =
    tls === undefined
      ? connectPlain({ ...place, noDelay: true })
      : connectTls({
          ...place,
          rejectUnauthorized: tls.verify,
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
        });
  const wire: Wire = {
    socket,
    parser: createAmiParser(options.limits ?? amiLimits),
    options,
    pendingById: new Map(),
    listeners,
    greeted: null,
    ended: null,
    onEnded: null,
    nextId: 1,
  };
  socket.on('data', (bytes: Buffer) => receive(wire, bytes));
  socket.on('error', (error: NodeJS.ErrnoException) => endWire(wire, socketFault(options, error)));
  socket.on('close', () => endWire(wire, closedFault(options, 'the other side closed')));
  return wire;
};

const receive = (wire: Wire, bytes: Buffer): void => {
  if (wire.ended !== null) return;
  const parsed = wire.parser.push(bytes);
  if (!parsed.ok) {
    endWire(wire, parsed.error);
    return;
  }
  if (wire.greeted !== null && wire.parser.version() !== null) {
    wire.greeted();
    wire.greeted = null;
  }
  for (const message of parsed.value) takeMessage(wire, message);
};

const takeMessage = (wire: Wire, message: AmiMessage): void => {
  const id = headerOf(message, 'ActionID') ?? '';
  const pending = wire.pendingById.get(id);
  if (pending === undefined) {
    if (message.kind === 'event') wire.listeners.onEvent?.(message);
    return;
  }
  if (message.kind === 'event') {
    if (pending.until === undefined) wire.listeners.onEvent?.(message);
    else if (message.name === pending.until) finish(wire, id, pending);
    else if (pending.entries.length < mostEntries) pending.entries.push(message);
    else endWire(wire, endlessFault(wire.options));
    return;
  }
  pending.response = message;
  if (pending.until === undefined || message.name !== 'Success') finish(wire, id, pending);
};

const finish = (wire: Wire, id: string, pending: Pending): void => {
  wire.pendingById.delete(id);
  const { response, entries } = pending;
  // A list's end without its response: a manager gone mad; the caller sees it as a refusal.
  if (response === null)
    pending.settle(fail('ami-garbled', 'The manager ended a list that it had not begun.', 'Look at the Asterisk log.'));
  else pending.settle(ok({ response, entries }));
};

const endWire = (wire: Wire, fault: Fault): void => {
  if (wire.ended !== null) return;
  wire.ended = fault;
  wire.socket.destroy();
  wire.greeted?.();
  wire.greeted = null;
  for (const pending of wire.pendingById.values()) pending.settle({ ok: false, error: fault });
  wire.pendingById.clear();
  const told = wire.onEnded;
  wire.onEnded = null;
  told?.(fault);
};

const greeting = async (wire: Wire): Promise<Result<void>> => {
  await new Promise<void>((resolve) => {
    if (wire.ended !== null || wire.parser.version() !== null) resolve();
    else wire.greeted = resolve;
  });
  return wire.ended === null ? ok(undefined) : { ok: false, error: wire.ended };
};

const login = async (wire: Wire): Promise<Result<void>> => {
  const { user, secret, events, connectTimeoutMs: timeoutMs } = wire.options;
  const asked = await act(wire, 'Challenge', [['AuthType', 'MD5']], { timeoutMs });
  if (!asked.ok) return asked;
  const challenge = headerOf(asked.value.response, 'Challenge');
  if (challenge === undefined)
    return refused(wire, headerOf(asked.value.response, 'Message') ?? 'it gives no challenge');
  const key = createHash('md5')
    .update(challenge + secret)
    .digest('hex');
  const answered = await act(
    wire,
    'Login',
    [
      ['AuthType', 'MD5'],
      ['Username', user],
      ['Key', key],
      ['Events', events ?? 'off'],
    ],
    { timeoutMs },
  );
  if (!answered.ok) return answered;
  const { response } = answered.value;
  return response.name === 'Success' ? ok(undefined) : refused(wire, headerOf(response, 'Message') ?? response.name);
};

const refused = (wire: Wire, why: string): Result<never> =>
  fail(
    'ami-login-refused',
    `The manager at ${place(wire.options)} refused the login of ${wire.options.user}: ${why.slice(0, 200)}.`,
    'Compare user, secret and permitted addresses with manager.conf.',
  );

const act = (wire: Wire, action: string, headers: readonly AmiHeader[], ask: AmiAsk): Promise<Result<AmiAnswer>> => {
  if (wire.ended !== null) return Promise.resolve({ ok: false, error: wire.ended });
  if (wire.socket.writableLength > unsentBytes || wire.pendingById.size >= mostEntries) {
    const message = `The manager at ${place(wire.options)} does not read what is sent to it.`;
    return Promise.resolve(fail('ami-congested', message, 'Check that Asterisk is not stuck.'));
  }
  const id = String(wire.nextId);
  wire.nextId += 1;
  const bytes = encodeAction(action, id, headers);
  if (!bytes.ok) return Promise.resolve(bytes);
  return new Promise((resolve) => {
    const timeoutMs = ask.timeoutMs ?? wire.options.actionTimeoutMs;
    const cancel = afterReading(timeoutMs, () => {
      wire.pendingById.delete(id);
      resolve({ ok: false, error: lateFault(wire.options, action) });
    });
    const settle = (result: Result<AmiAnswer>): void => {
      cancel();
      resolve(result);
    };
    wire.pendingById.set(id, { until: ask.until, entries: [], response: null, settle });
    wire.socket.write(bytes.value);
  });
};

/**
 * Calls `judge` after `ms`, but not before what the kernel already holds for us was read: a busy event loop must not
 * mistake its own lateness for the other's silence. Returns what cancels it.
 */
const afterReading = (ms: number, judge: () => void): (() => void) => {
  let immediate: NodeJS.Immediate | null = null;
  const timer = setTimeout(() => {
    immediate = setImmediate(judge);
  }, ms);
  return () => {
    clearTimeout(timer);
    if (immediate !== null) clearImmediate(immediate);
  };
};

const place = ({ host, port }: AmiOptions): string => `${host}:${port}`;

const lateFault = (options: AmiOptions, what: string): Fault => ({
  code: 'ami-timeout',
  message: `The manager at ${place(options)} did not answer in time (${what}).`,
  remedy: 'Check that Asterisk is not stuck.',
});

const endlessFault = (options: AmiOptions): Fault => ({
  code: 'ami-garbled',
  message: `The manager at ${place(options)} sends a list of more than ${mostEntries} entries.`,
  remedy: 'Look at the Asterisk log.',
});

const closedFault = (options: AmiOptions, how: string): Fault => ({
  code: 'ami-closed',
  message: `The connection to the manager at ${place(options)} ended: ${how}.`,
  remedy: 'Check that Asterisk runs.',
});

/** Errors of this machine rather than of the other side. */
const ownErrors = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'ENETUNREACH']);

const socketFault = (options: AmiOptions, error: NodeJS.ErrnoException): Fault => {
  const code = error.code ?? '';
  const where = place(options);
  if (code === 'ECONNREFUSED') {
    return {
      code: 'ami-refused',
      message: `Nothing listens at ${where}.`,
      remedy: 'Check that Asterisk runs and that manager.conf enables the manager.',
    };
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') return closedFault(options, code);
  if (ownErrors.has(code)) {
    return {
      code: 'ami-local',
      message: `This machine could not ask the manager at ${where}: ${code}.`,
      remedy: 'Check addresses, limits and firewall of this machine.',
    };
  }
  if (options.tls !== undefined && (!code.startsWith('E') || /^ERR_(TLS|SSL)/.test(code))) {
    return {
      code: 'ami-tls',
      message: `No trusted TLS with the manager at ${where}: ${code}.`,
      remedy: 'Check the certificate and what is trusted.',
    };
  }
  return {
    code: 'ami-unreachable',
    message: `The manager at ${where} is not reached: ${code}.`,
    remedy: 'Check address, network and firewall.',
  };
};
