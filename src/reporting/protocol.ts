/** What the process that reports says to the agent, which only passes it on. */
export interface FromReporter {
  readonly type: 'say';
  readonly level: 'info' | 'warning' | 'alarm';
  readonly code: string;
  readonly text: string;
}
