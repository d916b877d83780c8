/** What the exit code tells a script; documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** The agent refused, or it did not come about. */
  refused: 1,
  usage: 2,
  unreachable: 3,
  configInvalid: 4,
  /** `status`: it works, and something needs a person. */
  warning: 5,
  /** `status`: nobody serves, both serve, or a node has halted. */
  alarm: 6,
  /** `journal verify`: the chain is broken. */
  broken: 7,
  /** An agent could not start. */
  notStarted: 8,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** For help and the manual page. */
export const EXIT_WORDS: readonly (readonly [code: ExitCode, text: string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.refused, 'refused or not come about'],
  [EXIT.usage, 'wrong usage'],
  [EXIT.unreachable, 'the agent is not reached'],
  [EXIT.configInvalid, 'the configuration is invalid'],
  [EXIT.warning, '`status` and `check`: a person should look'],
  [EXIT.alarm, '`status` and `check`: a person must look'],
  [EXIT.broken, 'the journal is broken'],
  [EXIT.notStarted, 'an agent did not start'],
];
