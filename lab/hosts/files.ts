import { ok, type Result } from '../../src/core/result.ts';
import type { Host } from './host.ts';

/** A file of a host's disk. */
export interface HostFile {
  readonly path: string;
  readonly text: string;
  /** Default 0o644. */
  readonly mode?: number;
  /** Default root. */
  readonly owner?: string;
}

/** Writes them in order, on or off. The first fault ends it. */
export const writeAll = async (host: Host, files: readonly HostFile[]): Promise<Result<void>> => {
  for (const { path, text, mode, owner } of files) {
    const written = await host.write(path, text, { mode: mode ?? 0o644, ...(owner === undefined ? {} : { owner }) });
    if (!written.ok) return written;
  }
  return ok(undefined);
};

/** Puts a unit's files on a host's disk; it starts at each boot from then on. */
export const installUnit = async (host: Host, unit: string, files: readonly HostFile[]): Promise<Result<void>> => {
  const written = await writeAll(host, files);
  return written.ok ? await host.enableUnit(unit) : written;
};
