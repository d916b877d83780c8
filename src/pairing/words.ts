/** What two machines tell each other before they are a pair. */
import type { Fault } from '../core/result.ts';
import type { Role } from '../core/words.ts';

/** What joins. */
export type Kind = 'node' | 'checkpoint';

/** What a machine says of itself; nothing has changed yet. */
export interface Facts {
  readonly kind: Kind;
  /** Program and version: `dualtone 0.1.0`. */
  readonly program: string;
  readonly name: string;
  /** On the voice network. */
  readonly address: string;
  readonly port: number;
  /** Null: what is left. */
  readonly role: Role | null;
  /** Its own addresses with their prefix. */
  readonly networks: readonly string[];
  /** A digest that differs from machine to machine; empty where it cannot be told. */
  readonly machine: string;
  /** Wall time in milliseconds since 1970. */
  readonly wall: number;
  /** Pin of the node with which it is paired already, null where it is not. */
  readonly pairedWith: string | null;
  /** It is active now. */
  readonly serving: boolean;
}

export interface At {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** What is offered to who joins. `shared`: sections of the configuration that must agree, in the form of the file. */
export interface Offer {
  readonly facts: Facts;
  /** What the joining machine is to be: a role, or the name of a checkpoint. */
  readonly as: string;
  /** Both nodes; the joining one’s own is null while nobody has told it. */
  readonly main: At | null;
  readonly standby: At | null;
  readonly shared: Readonly<Record<string, unknown>>;
  /** A former machine of this role is replaced. */
  readonly replaces: boolean;
}

/** Secrets that are handed over, as texts of key files. */
export interface Grant {
  /** For a node: the key of the two nodes. */
  readonly pairKey: string | null;
  /** For a node: its key with each checkpoint, by the checkpoint’s name; what is absent stays as it is. */
  readonly checkpointKeys: Readonly<Record<string, string>>;
  /** For a checkpoint: its key with each node; what is absent stays as it is. */
  readonly nodeKeys: Readonly<Partial<Record<Role, string>>>;
}

export type JoinerMessage =
  | { readonly type: 'hello'; readonly token: string; readonly proof: string; readonly resume: boolean }
  | { readonly type: 'accept'; readonly facts: Facts }
  | { readonly type: 'applied' }
  | { readonly type: 'refuse'; readonly fault: Fault }
  | { readonly type: 'bye' };

export type InviterMessage =
  | { readonly type: 'offer'; readonly proof: string; readonly offer: Offer }
  /** To a `hello` that resumes: the proof, and what follows is `done` or `refuse`. */
  | { readonly type: 'resumed'; readonly proof: string }
  | { readonly type: 'grant'; readonly grant: Grant }
  | { readonly type: 'done' }
  | { readonly type: 'refuse'; readonly fault: Fault };
