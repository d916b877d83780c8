import type { ResponseParts } from '../../src/sip/build.ts';
import { type Party, parseParties } from '../../src/sip/fields.ts';
import { headerOf, type ReceivedRequest } from '../../src/sip/message.ts';
import type { Target } from '../../src/sip/transactions.ts';
import { monotonicMs } from '../phones/clock.ts';
import { type EvidenceLog, senderOf } from './evidence.ts';
import type { Guard } from './guard.ts';
import type { ProviderPlan } from './protocol.ts';

/** A registration. A Call-ID is one registrant's: a program keeps it as long as it runs. */
export interface Binding {
  readonly contact: Party;
  readonly callId: string;
  readonly by: string;
  readonly lastMs: number;
  readonly untilMs: number;
}

/** The provider's side of one trunk account. */
export interface Registrar {
  readonly register: (request: ReceivedRequest, source: Target) => ResponseParts;
  /** The registration that holds now. */
  readonly current: () => Binding | undefined;
  /** Calls back at the next accepted registration. */
  readonly onAccepted: (listener: () => void) => void;
}

/** Keeps one registration at a time. */
export function createRegistrar(plan: ProviderPlan, guard: Guard, log: EvidenceLog): Registrar {
  const listeners: (() => void)[] = [];
  let last: Binding | undefined;
  const current = (): Binding | undefined => (last !== undefined && last.untilMs > monotonicMs() ? last : undefined);
  const accept = (request: ReceivedRequest, source: Target, contact: Party, expiresS: number): ResponseParts => {
    const { callId } = request;
    const [held, by, lastMs] = [current(), senderOf(request), monotonicMs()];
    if (last !== undefined && last.callId !== callId) log.noteChange(last, { callId, by });
    log.note(request, source, held !== undefined && held.callId !== callId ? 'replaced' : 'accepted');
    last = { contact, callId, by, lastMs, untilMs: lastMs + expiresS * 1000 };
    for (const listener of listeners.splice(0)) listener();
    const value = `<${contact.uriText}>;expires=${expiresS}`;
    return { status: 200, reason: 'OK', headers: [{ name: 'Contact', value }] };
  };
  return {
    current,
    onAccepted: (listener) => listeners.push(listener),
    register: (request, source) => {
      const refusal = guard.check(request);
      if (refusal !== undefined) {
        log.note(request, source, refusal.status === 403 ? 'refused' : 'challenged');
        return refusal;
      }
      const held = current();
      const wish = wishOf(request);
      if (wish === undefined || wish.expiresS === 0) {
        if (held?.callId === request.callId) last = { ...held, untilMs: 0 };
        log.note(request, source, 'removed');
        return { status: 200, reason: 'OK' };
      }
      if (plan.whenTaken === 'refuse' && held !== undefined && held.callId !== request.callId) {
        log.note(request, source, 'refused');
        return { status: 403, reason: 'Registered Elsewhere' };
      }
      return accept(request, source, wish.contact, Math.min(wish.expiresS, plan.expiresMaxS ?? 3600));
    },
  };
}

/** The contact that is to be registered and for how long; undefined: everything is to be removed. */
function wishOf(request: ReceivedRequest): { readonly contact: Party; readonly expiresS: number } | undefined {
  const field = parseParties(headerOf(request, 'Contact') ?? '*');
  const contact = 'value' in field ? field.value[0] : undefined;
  if (contact === undefined) return undefined;
  return { contact, expiresS: Number(contact.paramByName.get('expires') ?? headerOf(request, 'Expires') ?? 3600) };
}
