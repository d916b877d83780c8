import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { buildRequest, hostText, newTag } from '../sip/build.ts';
import { type Channel, type ChannelOptions, openChannel } from '../sip/channel.ts';
import type { SipRequest } from '../sip/message.ts';
import { createTransactions, type Transactions } from '../sip/transactions.ts';

export type SipAskerOptions = Pick<ChannelOptions, 'transport' | 'host' | 'port' | 'localAddress' | 'tls'>;

/** Asks the same server again and again. */
export interface SipAsker {
  /** The status of the final answer. Faults: `sip-garbled`, and those of `openChannel` and of a request. */
  ask(limits: { readonly timeoutMs: Millis; readonly signal: AbortSignal }): Promise<Result<number>>;
  /** Turns from a connection on which nothing came: the next question opens another; what is asked already keeps its own time. */
  renew(): void;
  close(): Promise<void>;
}

interface Line {
  readonly channel: Channel;
  readonly transactions: Transactions;
  readonly off: AbortController;
  /** Questions under way. */
  asking: number;
  /** Closes with its last question. */
  retired: boolean;
}

interface State {
  readonly options: SipAskerOptions;
  line: Line | null;
  readonly lines: Set<Line>;
  opening: Promise<Result<Line>> | null;
  readonly off: AbortController;
  /** Chance once, then a count: every question needs names of its own. */
  readonly name: string;
  asked: number;
}

/**
 * OPTIONS over one kept channel: a socket for each question costs three times as much. A channel that fails, or that is
 * given up with `renew`, is opened anew with the next question, so a changed route or address does no lasting harm.
 */
export const createSipAsker = (options: SipAskerOptions): SipAsker => {
  const state: State = {
    options,
    line: null,
    lines: new Set(),
    opening: null,
    off: new AbortController(),
    name: newTag(),
    asked: 0,
  };
  return {
    ask: async (limits) => {
      const opened = state.line === null ? await lineOf(state) : ok(state.line);
      if (!opened.ok) return opened;
      const line = opened.value;
      state.asked += 1;
      line.asking += 1;
      const answer = await line.transactions.request(optionsRequest(state, line.channel), limits);
      line.asking -= 1;
      tidy(state, line);
      return answer.ok ? ok(answer.value.status) : answer;
    },
    renew: () => {
      const { line } = state;
      if (line === null) return;
      state.line = null;
      line.retired = true;
      tidy(state, line);
    },
    close: async () => {
      state.off.abort('closed');
      await state.opening;
      state.line = null;
      for (const line of state.lines) letGo(state, line);
    },
  };
};

const letGo = (state: State, line: Line): void => {
  state.lines.delete(line);
  line.off.abort('let go');
};

const tidy = (state: State, line: Line): void => {
  if (line.retired && line.asking === 0) letGo(state, line);
};

const lineOf = (state: State): Promise<Result<Line>> => {
  state.opening ??= open(state);
  return state.opening;
};

const open = async (state: State): Promise<Result<Line>> => {
  const off = new AbortController();
  const calledOff = (): void => off.abort('closed');
  state.off.signal.addEventListener('abort', calledOff, { once: true });
  let transactions: Transactions | null = null;
  const channel = await openChannel({
    ...state.options,
    signal: off.signal,
    onMessage: (message) => {
      if (message.kind === 'response') transactions?.receive(message);
    },
    onGarbage: ({ message }) => {
      transactions?.failAll(
        fail('sip-garbled', `What answers there does not speak SIP. ${message}`, 'Check the port.').error,
      );
    },
    onGone: (fault) => {
      if (state.line?.off === off) state.line = null;
      for (const line of state.lines) if (line.off === off) state.lines.delete(line);
      transactions?.failAll(fault);
    },
  });
  state.opening = null;
  state.off.signal.removeEventListener('abort', calledOff);
  if (!channel.ok) return channel;
  transactions = createTransactions(channel.value);
  const line: Line = { channel: channel.value, transactions, off, asking: 0, retired: false };
  if (state.off.signal.aborted) off.abort('closed');
  else {
    state.line = line;
    state.lines.add(line);
  }
  return ok(line);
};

const optionsRequest = ({ options, name, asked }: State, { localAddress, localPort }: Channel): SipRequest => {
  const own = `${hostText(localAddress)}:${localPort}`;
  const uri = `${options.transport === 'tls' ? 'sips' : 'sip'}:${hostText(options.host)}:${options.port}`;
  return buildRequest({
    method: 'OPTIONS',
    uri,
    via: { transport: options.transport.toUpperCase(), host: localAddress, port: localPort },
    branch: `z9hG4bK${name}${asked}`,
    from: `<sip:dualtone@${own}>;tag=${name}${asked}`,
    to: `<${uri}>`,
    callId: `${name}.${asked}`,
    sequence: 1,
    headers: [
      { name: 'Contact', value: `<sip:dualtone@${own}>` },
      { name: 'User-Agent', value: 'Dualtone' },
    ],
  });
};
