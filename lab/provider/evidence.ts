import { headerOf, type ReceivedRequest } from '../../src/sip/message.ts';
import type { Target } from '../../src/sip/transactions.ts';
import { monotonicMs } from '../phones/clock.ts';
import type { Evidence, Note, RegistrantChange } from './protocol.ts';

/** What a window of time shows, but for the registration that holds now. */
export type Seen = Omit<Evidence, 'current'>;

/** Everything that was ever sent to the provider. */
export interface EvidenceLog {
  readonly note: (request: ReceivedRequest, source: Target, outcome: string) => void;
  readonly countPacket: (source: Target) => void;
  readonly noteChange: (from: RegistrantChange['from'], to: RegistrantChange['to']) => void;
  readonly seen: (sinceMs: number, untilMs: number) => Seen;
}

/** Who sent a request, by its own account. */
export const senderOf = (request: ReceivedRequest): string => headerOf(request, 'User-Agent') ?? '';

/** Opens an empty log. */
export function createEvidenceLog(): EvidenceLog {
  const notes: Note[] = [];
  const changes: RegistrantChange[] = [];
  const packets: { readonly atMs: number; readonly address: string }[] = [];
  return {
    note: (request, source, outcome) => {
      const { method, callId } = request;
      const contact = headerOf(request, 'Contact');
      notes.push({ atMs: monotonicMs(), source, method, callId, by: senderOf(request), contact, outcome });
    },
    countPacket: ({ address }) => packets.push({ atMs: monotonicMs(), address }),
    noteChange: ({ callId, by, lastMs }, to) => changes.push({ atMs: monotonicMs(), from: { callId, by, lastMs }, to }),
    seen: (sinceMs, untilMs) => {
      const within = ({ atMs }: { readonly atMs: number }): boolean => atMs >= sinceMs && atMs <= untilMs;
      const packetsBySource: Record<string, number> = {};
      for (const { address } of packets.filter(within)) packetsBySource[address] = (packetsBySource[address] ?? 0) + 1;
      const inside = notes.filter(within);
      const registrations = (...outcomes: readonly string[]): number =>
        inside.filter(({ method, outcome }) => method === 'REGISTER' && outcomes.includes(outcome)).length;
      return {
        notes: inside,
        packetsBySource,
        registrationsAccepted: registrations('accepted', 'replaced'),
        registrationsRefused: registrations('refused'),
        changes: changes.filter(within),
      };
    },
  };
}
