/** One prerequisite, tried for real from the side that needs it. */
import { type Fault, messageOf } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { Around } from './around.ts';
import { type Finding, lineOf, type Scope, type Severity } from './report.ts';

/** What is known of a check without running it; docs/checks.md is made of it. */
export interface CheckAbout {
  /** Kebab-case, stable: scripts, `checks.accept` and the history name it. */
  readonly id: string;
  /** What holds when it passes, as a statement. */
  readonly about: string;
  readonly severity: Severity;
  readonly scope: Scope;
  /** How often it is tried; each time a little earlier or later. */
  readonly everyMs: Millis;
  /** It is called off after this long, and its finding is `unknown`. */
  readonly timeoutMs: Millis;
  /** The usual next step where it fails. */
  readonly remedy: string;
}

export interface Check extends CheckAbout {
  run(signal: AbortSignal): Promise<Finding>;
}

/** What a check says by itself; a failure without a remedy has that of its check. */
export type Said =
  | Exclude<Finding, { readonly outcome: 'fail' }>
  | { readonly outcome: 'fail'; readonly evidence: string; readonly remedy: string | null };

/** A check that is not bound to a node yet. */
export interface Definition extends CheckAbout {
  try(around: Around, signal: AbortSignal): Promise<Said>;
}

export const passed = (evidence: string): Said => ({ outcome: 'pass', evidence });

/** `remedy`: where it is another than the usual one. */
export const failed = (evidence: string, remedy: string | null = null): Said => ({ outcome: 'fail', evidence, remedy });

export const failedBy = ({ message, remedy }: Fault): Said => ({ outcome: 'fail', evidence: message, remedy });

export const unknown = (why: string): Said => ({ outcome: 'unknown', why });

export const notApplicable = (why: string): Said => ({ outcome: 'not-applicable', why });

const MINUTE: Millis = 60_000;

/** How often, by what it costs. */
export const PACE = {
  /** Reads what the agent knows already, or one file. */
  quick: { everyMs: 10_000, timeoutMs: 5_000 },
  /** One question to a program or the network. */
  usual: { everyMs: MINUTE, timeoutMs: 10_000 },
  /** Several questions, or what seldom changes. */
  slow: { everyMs: 5 * MINUTE, timeoutMs: 20_000 },
  /** Reads a lot. */
  rare: { everyMs: 60 * MINUTE, timeoutMs: 120_000 },
} as const;

const complete = (said: Said, usualRemedy: string): Finding => {
  switch (said.outcome) {
    case 'pass':
      return { outcome: 'pass', evidence: lineOf(said.evidence) };
    case 'fail':
      return { outcome: 'fail', evidence: lineOf(said.evidence), remedy: lineOf(said.remedy ?? usualRemedy) };
    case 'unknown':
    case 'not-applicable':
      return { outcome: said.outcome, why: lineOf(said.why) };
  }
};

/** The check of one node. A mistake of the program in it makes it `unknown`, and touches no other. */
export const bind = (definition: Definition, around: Around): Check => ({
  ...definition,
  run: async (signal) => {
    try {
      return complete(await definition.try(around, signal), definition.remedy);
    } catch (error) {
      const why = messageOf(error);
      return { outcome: 'unknown', why: lineOf(`it could not be tried: ${why}`) };
    }
  },
});
