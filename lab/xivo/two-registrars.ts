/** The line of a telephone with a main and a backup registrar: real SIP and digest, and a patience of its own. */
import { createRegistration } from '../../src/sip/account.ts';
import { openUserAgent } from '../../src/sip/user-agent.ts';
import type { PbxAccount } from '../asterisk/plan.ts';

export interface LinePlan {
  readonly localAddress: string;
  /** In the order in which they are tried. */
  readonly registrars: readonly { readonly name: string; readonly address: string }[];
  readonly account: PbxAccount;
  readonly expiresS: number;
  readonly refreshMs: number;
  /** After this long without an answer it gives a registrar up. */
  readonly givenUpMs: number;
}

/** Opens it; who calls is told that it is busy. Gives what registers at the first that answers, by its name; undefined: none did. */
export const openLine = async (plan: LinePlan): Promise<() => Promise<string | undefined>> => {
  const opened = await openUserAgent({
    localAddress: plan.localAddress,
    localPort: 0,
    onRequest: ({ request, respond }) => {
      if (request.method === 'INVITE') respond({ status: 486, reason: 'Busy Here' });
      else if (request.method !== 'ACK') respond({ status: 200, reason: 'OK' });
    },
    signal: new AbortController().signal,
  });
  if (!opened.ok) throw new Error(opened.error.message);
  const lines = plan.registrars.map(({ name, address }) => ({
    name,
    registration: createRegistration(opened.value, {
      ...plan.account,
      domain: address,
      server: { address, port: 5060 },
    }),
  }));
  return async () => {
    for (const { name, registration } of lines) {
      const granted = await registration.refresh(plan.expiresS, { timeoutMs: plan.givenUpMs });
      if (granted.ok) return name;
    }
    return undefined;
  };
};
