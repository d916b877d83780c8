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
