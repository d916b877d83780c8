/** Pairing, as the page and the server say it to each other: types alone, told on by contract.ts. */
import type { Fault } from '../core/result.ts';
import type { WallTime } from '../core/words.ts';

/** A machine that is invited, or has come: a role, or a checkpoint's name. */
export interface Invited {
  readonly for: string;
  readonly kind: 'node' | 'checkpoint';
}

/** A pairing that was begun on this node, from its page or in a terminal. Nothing of it is secret. */
export interface PairingWork {
  /** `replace`: the other node is lost, and another machine takes its place. */
  readonly what: 'invite' | 'replace' | 'join';
  readonly by: string;
  readonly since: WallTime;
  /** Until then the tokens are good; null: none were made. */
  readonly until: WallTime | null;
  readonly invited: readonly Invited[];
  readonly state: 'running' | 'done' | 'failed';
  /** Who has joined; with `join` what this node joined as. */
  readonly joined: readonly string[];
  readonly missing: readonly string[];
  readonly fault: Fault | null;
}

/** `work` is the pairing that runs, or else the last one; null where none is known. */
export interface PairingView {
  readonly node: string;
  readonly peer: string;
  readonly work: PairingWork | null;
}

export interface InviteRequest {
  /** The other node is lost: its name is given as `confirm`. */
  readonly replace?: boolean;
  readonly confirm?: string;
  /** 1 to 60; 10 if absent. */
  readonly validMinutes?: number;
  /** One more machine that only votes. */
  readonly checkpoint?: { readonly name: string; readonly address: string };
  /** TCP port at which this node waits; 4578 if absent. */
  readonly port?: number;
}

/** Told once, to who asked, and kept nowhere. */
export interface PairingTokens {
  readonly until: WallTime;
  readonly address: string;
  readonly tokens: readonly (Invited & { readonly token: string; readonly command: string })[];
}

export interface JoinRequest {
  readonly token: string;
  /** Where the other machine is, if not where the token says. */
  readonly address?: string;
  /** This node's own name: its file changes, and its agent starts again. */
  readonly confirm: string;
}
