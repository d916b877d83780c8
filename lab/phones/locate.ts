/**
 * How a telephone finds servers by RFC 3263: NAPTR says by which protocol and name, SRV lists targets in an order, A gives their addresses.
 * Over UDP, with the stub of a telephone: a server that says nothing is passed over, and what was told is kept for its TTL.
 */
import { createSocket } from 'node:dgram';
import type { Target } from '../../src/sip/transactions.ts';
import { type Answer, decodeAnswer, encodeQuestion } from '../../src/switches/dns/message.ts';
import { CODE_BY_TYPE, type RecordType } from '../../src/switches/dns/rdata.ts';
import { monotonicMs } from './clock.ts';

export interface LocatePlan {
  readonly domain: string;
  readonly nameServers: readonly string[];
}

/** In the order in which they are tried, good until then (`monotonicMs`). */
export interface Located {
  readonly targets: readonly Target[];
  readonly untilMs: number;
}

export type AskName = (name: string, type: RecordType) => Promise<Answer['records']>;

const askMs = 500;
/** Where nothing was told. */
const againMs = 500;

const askOne = (server: string, name: string, type: RecordType): Promise<Answer | null> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    const id = Math.floor(Math.random() * 65_536);
    const end = (answer: Answer | null): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(end, askMs, null);
    socket.on('error', () => end(null));
    socket.on('message', (bytes) => {
      const answer = decodeAnswer(bytes);
      if (answer?.id === id) end(answer);
    });
    socket.send(encodeQuestion(id, name, CODE_BY_TYPE[type]), 53, server);
  });

/** The first server that answers. */
const askNames =
  (nameServers: readonly string[]): AskName =>
  async (name, type) => {
    for (const server of nameServers) {
      const answer = await askOne(server, name, type);
      if (answer !== null && answer.rcode === 0) return answer.records;
    }
    return [];
  };

const numbersOf = (data: string): readonly number[] => data.split(' ').map(Number);
const byNumber = (index: number) => (a: { readonly data: string }, b: { readonly data: string }) =>
  (numbersOf(a.data)[index] ?? 0) - (numbersOf(b.data)[index] ?? 0);

/** Of several for UDP the first in order and preference; without any the name that SRV has by RFC 3263 section 4.1. */
const serviceOf = (domain: string, naptr: Answer['records']): string => {
  const [first] = naptr
    .filter(({ type, data }) => type === 'NAPTR' && /^\d+ \d+ "s" "sip\+d2u" /i.test(data))
    .toSorted((a, b) => byNumber(0)(a, b) || byNumber(1)(a, b));
  return first?.data.split(' ').at(-1) ?? `_sip._udp.${domain}.`;
};

/** Of one priority any weight may come first; this telephone takes the heaviest, so that two runs are alike. */
const inOrder = (srv: Answer['records']): readonly { readonly name: string; readonly port: number }[] =>
  srv
    .filter(({ type }) => type === 'SRV')
    .toSorted((a, b) => byNumber(0)(a, b) || byNumber(1)(b, a))
    .map(({ data }) => ({ name: data.split(' ')[3] ?? '', port: numbersOf(data)[2] ?? 0 }))
    .filter(({ name }) => name !== '.');

/** Asked anew; empty targets: nobody told anything. */
export const locate = async (domain: string, ask: AskName): Promise<Located> => {
  const naptr = await ask(`${domain}.`, 'NAPTR');
  const srv = await ask(serviceOf(domain, naptr), 'SRV');
  const listed = inOrder(srv);
  const places = listed.length > 0 ? listed : [{ name: `${domain}.`, port: 5060 }];
  const found = await Promise.all(places.map(async ({ name, port }) => ({ port, records: await ask(name, 'A') })));
  const targets = found.flatMap(({ port, records }) =>
    records.filter(({ type }) => type === 'A').map(({ data }) => ({ address: data, port })),
  );
  const ttls = [...naptr, ...srv, ...found.flatMap(({ records }) => records)].map(({ ttl }) => ttl * 1000);
  return { targets, untilMs: monotonicMs() + (targets.length === 0 ? againMs : Math.min(...ttls)) };
};

export interface Locator {
  /** In the order to be tried now: what answered last comes first for as long as what was told is good. */
  readonly targets: () => readonly Target[];
  readonly answered: (target: Target) => void;
}

/** Keeps asking as its records run out, until the signal; one that nobody answers keeps what it knew. */
export const createLocator = async ({ domain, nameServers }: LocatePlan, signal: AbortSignal): Promise<Locator> => {
  const ask = askNames(nameServers);
  let known: readonly Target[] = [];
  let last: Target | null = null;
  const renew = async (): Promise<void> => {
    const { targets, untilMs } = await locate(domain, ask);
    if (signal.aborted) return;
    if (targets.length > 0) {
      known = targets;
      last = null;
    }
    setTimeout(() => void renew(), Math.max(1, untilMs - monotonicMs())).unref();
  };
  await renew();
  return {
    targets: () => {
      const first = last;
      return first === null ? known : [first, ...known.filter((each) => each !== first)];
    },
    answered: (target) => {
      // The one with the lowest priority needs no memory: it comes first anyway.
      last = known.find((each) => each === target) ?? null;
    },
  };
};
