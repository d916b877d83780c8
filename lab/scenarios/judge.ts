import type { Measured } from './measure.ts';
import type { Expected, Serving } from './scenario.ts';

/** What a run came to, besides what was measured. */
export interface Outcome {
  readonly serving: Serving;
  /** Per cent of the telephones that were registered and did not have to register again; null where nobody serves to ask. */
  readonly registrationsKept: number | null;
  readonly needsAcknowledgement: boolean;
  /** The longest pause in the voice of a call that the scenario made and ended; null without one. */
  readonly voicePauseMs: number | null;
  /** What went wrong besides: deeds that failed, the audit's findings. */
  readonly problems: readonly string[];
}

const atMost = (what: string, value: number | null, most: number | undefined): readonly string[] =>
  most !== undefined && (value ?? 0) > most ? [`${what} ${value} ms, at most ${most} expected`] : [];

const exactly = <T>(what: string, value: T, wanted: T | undefined): readonly string[] =>
  wanted !== undefined && value !== wanted ? [`${what}: ${String(value)}, ${String(wanted)} expected`] : [];

const servingProblems = (serving: Serving, wanted: Expected['serving']): readonly string[] =>
  wanted === 'one' && (serving === 'main' || serving === 'standby')
    ? []
    : exactly('serving at the end', serving, wanted as Serving);

/** Everything that is not as expected, in words; empty when the run is as it should be. Pure. */
export const judge = (measured: Measured, outcome: Outcome, expected: Expected): readonly string[] => {
  const { twoServingMs } = measured;
  const wanted = expected.registrationsKept ?? 100;
  const kept = outcome.registrationsKept === null || wanted === 'any' ? undefined : wanted;
  return [
    ...outcome.problems,
    ...measured.trunkTroubles,
    ...servingProblems(outcome.serving, expected.serving),
    ...atMost('outage', measured.outageMs, expected.outageMsMost),
    ...atMost('inbound outage', measured.inboundOutageMs, expected.inboundOutageMsMost),
    ...atMost('set-up of a call from outside', measured.inboundSetupMs, expected.inboundSetupMsMost),
    ...atMost('registration of the trunk after', measured.trunkAfterMs, expected.trunkAfterMsMost),
    ...atMost('outage by SRV', measured.srvOutageMs, expected.srvOutageMsMost),
    ...(expected.twoServing === 'none' && twoServingMs > 0 ? [`TWO NODES SERVED for ${twoServingMs} ms`] : []),
    ...(expected.twoServing === 'some' && twoServingMs === 0
      ? ['the lab saw no two nodes serve, and should have']
      : []),
    ...exactly('moves', measured.moves, expected.moves),
    ...exactly('registrations kept', outcome.registrationsKept ?? undefined, kept),
    ...atMost('a pause in the voice of', outcome.voicePauseMs, expected.voicePauseMsMost),
    ...exactly('calls cut', measured.callsCut, expected.callsCut),
    ...exactly('needs acknowledgement', outcome.needsAcknowledgement, expected.needsAcknowledgement),
  ];
};
