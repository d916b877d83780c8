import type { Path } from '../document.ts';

/** What a rule between keys found; `path` in the words of the file. */
export interface Clash {
  readonly path: Path;
  readonly message: string;
  readonly remedy: string;
}
