/** Settings of a node, and of both, as the page and the server say them to each other: types alone, told on by contract.ts. */
import type { WallTime } from '../core/words.ts';

/** Where a value comes from: the node's file, its preset, its profile, or the program. */
export type SettingSource = 'file' | 'preset' | 'profile' | 'default';

/** A value as the page's form has it; spans are text such as `90s`. */
export type SettingValue = string | number | boolean | readonly string[];

export interface SettingView {
  /** Such as `timing.lease`, `services[0]`. */
  readonly path: string;
  /** As YAML on one line; what looks like a secret is hidden. */
  readonly value: string;
  readonly source: SettingSource;
}

export interface EditableSetting {
  readonly path: string;
  readonly kind: 'choice' | 'span' | 'number' | 'flag' | 'names';
  /** With `choice` and `flag`. */
  readonly options: readonly string[];
  /** By the file, which may be newer than what is in force. */
  readonly value: SettingValue;
  readonly source: SettingSource;
  /** Both nodes should have the same. */
  readonly pair: boolean;
}

/** Something of the file that the program would not start with. */
export interface ConfigProblem {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** The configuration in force, filled in, secrets hidden; and what of its file may be changed. */
export interface ConfigView {
  readonly yaml: string;
  readonly file: string;
  /** Of the file as it is: given with a change, which is refused where the file is another by then. */
  readonly base: string;
  readonly settings: readonly SettingView[];
  readonly editable: readonly EditableSetting[];
  /** Of the file as it is; the agent would not start with it. */
  readonly problems: readonly ConfigProblem[];
  /** The file says something else than what is in force: it counts from the agent's next start. */
  readonly pending: boolean;
  /** Times of the lease are among it: all machines need the same before any of them starts again. */
  readonly timesChange: boolean;
  /** When the file that a change from the page replaced was kept; null: none was. */
  readonly formerAt: WallTime | null;
}

export interface ConfigChange {
  readonly path: string;
  /** Null: the key goes, and its preset, profile or default counts. */
  readonly value: SettingValue | null;
}

export interface ConfigRequest {
  readonly changes: readonly ConfigChange[];
  readonly base: string;
}

export interface DiffLine {
  readonly sign: ' ' | '-' | '+';
  readonly line: number;
  readonly text: string;
}

export interface ConfigPreview {
  /** Empty: it would be valid. */
  readonly problems: readonly ConfigProblem[];
  readonly notes: readonly string[];
  readonly diff: readonly DiffLine[];
  readonly effective: readonly { readonly path: string; readonly from: string | null; readonly to: string }[];
}

/** The agent of this node starts again, and this page's server with it. */
export interface RestartAnswer {
  readonly node: string;
}

/** The same change for both nodes' files. */
export interface BothPreview {
  readonly here: ConfigPreview;
  readonly there: ConfigPreview;
  /** Of the other node's file: given with the change. */
  readonly otherBase: string;
}

export interface BothRequest extends ConfigRequest {
  readonly otherBase: string;
}
