import { existsSync } from 'node:fs';

/** Debian's Chromium, or that of `CHROMIUM`; null where there is none. */
export const chromiumPath = (): string | null => {
  const path = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  return existsSync(path) ? path : null;
};
