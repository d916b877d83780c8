import { ok, type Result } from '../../src/core/result.ts';
import type { MediaPlace } from '../../src/sip/sdp.ts';
import { monotonicMs } from './clock.ts';
import type { LegReport } from './protocol.ts';
import { createVoices, type Voice } from './voice.ts';

/** One telephone's side of a call. */
export interface Leg {
  readonly user: string;
  readonly media: MediaPlace;
  /** Starts talking, if the call has a voice. */
  readonly talkTo: (place: MediaPlace | undefined) => void;
  hangUp: () => Promise<Result<unknown>>;
}

export interface Legs {
  readonly open: (
    plan: Pick<LegReport, 'callId' | 'user' | 'direction'> & { readonly voice: boolean },
  ) => Promise<Result<Leg>>;
  readonly find: (callId: string) => Leg | undefined;
  /** False if there was no such call, or it had ended. */
  readonly end: (callId: string, by: 'us' | 'other') => boolean;
  readonly isRunning: (callId: string) => boolean;
  readonly running: () => readonly string[];
  readonly reports: () => readonly LegReport[];
  readonly close: () => void;
}

interface Kept {
  readonly leg: Leg;
  readonly voice: Voice | undefined;
  readonly report: Omit<LegReport, 'voice'>;
}

/** The calls of a population. Ended ones stay in the reports. */
export async function createLegs(localAddress: string): Promise<Result<Legs>> {
  const voices = createVoices(localAddress);
  // Calls without a voice share one deaf port, so that what is sent there makes no ICMP error.
  const deaf = await voices.open();
  if (!deaf.ok) return deaf;
  const keptByCallId = new Map<string, Kept>();
  return ok({
    open: async ({ callId, user, direction, voice: wanted }) => {
      const opened = wanted ? await voices.open() : undefined;
      if (opened?.ok === false) return opened;
      const voice = opened?.value;
      const leg: Leg = {
        user,
        media: (voice ?? deaf.value).place,
        talkTo: (place) => {
          if (place !== undefined) voice?.talkTo(place);
        },
        hangUp: () => Promise.resolve(ok(null)),
      };
      const report = { callId, user, direction, beganMs: monotonicMs(), endedMs: undefined, endedBy: undefined };
      keptByCallId.set(callId, { leg, voice, report });
      return ok(leg);
    },
    find: (callId) => keptByCallId.get(callId)?.leg,
    end: (callId, by) => {
      const kept = keptByCallId.get(callId);
      if (kept === undefined || kept.report.endedMs !== undefined) return false;
      kept.voice?.close();
      keptByCallId.set(callId, { ...kept, report: { ...kept.report, endedMs: monotonicMs(), endedBy: by } });
      return true;
    },
    isRunning: (callId) => {
      const kept = keptByCallId.get(callId);
      return kept !== undefined && kept.report.endedMs === undefined;
    },
    running: () =>
      [...keptByCallId.values()]
        .filter(({ report }) => report.endedMs === undefined)
        .map(({ report }) => report.callId),
    reports: () => [...keptByCallId.values()].map(({ report, voice }) => ({ ...report, voice: voice?.report() })),
    close: voices.close,
  });
}
