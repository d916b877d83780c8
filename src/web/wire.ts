/**
 * What the two processes of the web server say to each other: the keeper, which has rights and no network, and the server, which has
 * the network and no rights. One JSON object a line, over the server's standard input and output.
 */
import type { Fault, Result } from '../core/result.ts';
import type { Millis, Role, WallTime } from '../core/words.ts';
import type { JournalEntry } from '../ports.ts';
import type {
  BothRequest,
  CommandRequest,
  ConfigRequest,
  DrillRequest,
  InviteRequest,
  Job,
  JoinRequest,
  PairView,
  Session,
  WebCommand,
  WebWork,
} from './contract.ts';

/** How somebody shows who they are; only its SHA-256 is kept anywhere. */
export interface Credential {
  readonly kind: 'session' | 'token';
  readonly secret: string;
}

export interface JournalQuery {
  readonly before: number | null;
  readonly after: number | null;
  readonly since: WallTime | null;
  readonly until: WallTime | null;
  readonly kinds: readonly string[];
  readonly search: string;
  readonly limit: number;
}

/** What the server may ask. Each is answered once; the keeper decides who may. */
export type Ask =
  | { readonly name: 'login'; readonly user: string; readonly password: string }
  | { readonly name: 'logout' }
  | { readonly name: 'who' }
  | { readonly name: 'pair' }
  | { readonly name: 'jobs' }
  | { readonly name: 'command'; readonly request: CommandRequest }
  | { readonly name: 'preview'; readonly command: WebCommand }
  | { readonly name: 'job'; readonly work: WebWork }
  | { readonly name: 'alarm-list' }
  | { readonly name: 'alarm-test'; readonly channel: string | null }
  | { readonly name: 'journal'; readonly query: JournalQuery }
  /** A page of the whole, oldest first, as lines. */
  | { readonly name: 'export'; readonly query: JournalQuery }
  | { readonly name: 'verify' }
  | { readonly name: 'config' }
  | { readonly name: 'config-preview' | 'config-write'; readonly request: ConfigRequest }
  | { readonly name: 'config-undo' | 'config-both-undo'; readonly base: string }
  | { readonly name: 'config-both-preview'; readonly request: ConfigRequest }
  | { readonly name: 'config-both-write'; readonly request: BothRequest }
  | { readonly name: 'drills' | 'drill-stop' }
  | { readonly name: 'drill-report' | 'drill-paper'; readonly id: string }
  | { readonly name: 'drill-preview' | 'drill-begin'; readonly request: DrillRequest }
  | { readonly name: 'users' }
  | { readonly name: 'pairing' | 'pairing-cancel' }
  | { readonly name: 'restart' }
  | { readonly name: 'pairing-invite'; readonly request: InviteRequest }
  | { readonly name: 'pairing-join'; readonly request: JoinRequest };

/** The answer to `login`: the cookie's secret, told once. */
export interface LoggedIn {
  readonly session: Session;
  readonly secret: string;
  readonly maxAgeMs: Millis;
}

/** A report as a document of its own; the digest of its style, in base64, for the policy that goes with it. */
export interface DrillPaper {
  readonly html: string;
  readonly styleDigest: string;
}

export interface ExportPage {
  readonly lines: readonly string[];
  /** Number of the last entry that was looked at; null: the end. */
  readonly next: number | null;
}

export interface ServerSettings {
  readonly listen: readonly { readonly address: string; readonly port: number }[];
  /** Who it becomes after it has begun to listen; null: it stays who it is. */
  readonly become: { readonly uid: number; readonly gid: number } | null;
  readonly public: boolean;
  /** What the pair is called; null: the names of its nodes, as they are. */
  readonly site: string | null;
  readonly metricsFrom: readonly string[];
  readonly virtualAddress: string | null;
  /** What users of a contact centre enter, by the role of the node that serves; null: that side has none. */
  readonly centreByRole: Readonly<Record<Role, string | null>>;
  readonly version: string;
  /** Folder of the built page; null: none. */
  readonly page: string | null;
  readonly limits: Limits;
}

export interface Limits {
  /** Of a client's address, with a burst of three seconds of it. */
  readonly requestsPerSecond: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly eventStreams: number;
  readonly eventStreamsPerSession: number;
  readonly headersMs: Millis;
  readonly requestMs: Millis;
  readonly bodyBytes: number;
}

export const LIMITS: Limits = {
  requestsPerSecond: 100,
  connections: 1000,
  connectionsPerAddress: 400,
  eventStreams: 400,
  eventStreamsPerSession: 4,
  headersMs: 10_000,
  requestMs: 20_000,
  bodyBytes: 64 * 1024,
};

export type ToServer =
  | { readonly type: 'settings'; readonly settings: ServerSettings }
  | { readonly type: 'certificate'; readonly key: string; readonly certificate: string }
  | { readonly type: 'pair'; readonly pair: PairView }
  | { readonly type: 'journal'; readonly entries: readonly JournalEntry[] }
  | { readonly type: 'job'; readonly job: Job }
  | { readonly type: 'reply'; readonly id: string; readonly result: Result<unknown>; readonly retryAfterMs: Millis };

export type FromServer =
  | { readonly type: 'listening'; readonly ports: readonly number[] }
  | { readonly type: 'say'; readonly fault: Fault }
  | {
      readonly type: 'ask';
      readonly id: string;
      readonly credential: Credential | null;
      readonly address: string;
      readonly ask: Ask;
    };
