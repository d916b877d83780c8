/** One line of `fping -l -D`: whose echo, and its time in ms; `tookMs` null when it timed out. */
export interface EchoLine {
  readonly address: string;
  readonly tookMs: number | null;
}

/** Reads a line of fping's standard output; null for anything else. */
export const parseEchoLine = (line: string): EchoLine | null => {
  const parts = /^(?:\[\d+\.\d+\] )?(\S+)\s+: \[\d+\], (?:\d+ bytes, (\d+(?:\.\d+)?) ms|(timed out))\b/.exec(line);
  if (parts === null) return null;
  const [, address = '', tookMs, timedOut] = parts;
  return { address, tookMs: timedOut === undefined ? Number(tookMs) : null };
};
