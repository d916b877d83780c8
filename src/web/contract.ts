/**
 * What the page and the server say to each other, as types alone: the page imports this file and nothing else of the program.
 * Routes, roles and examples are in docs/api.md; the same shapes as JSON Schema in `/api/v1/openapi.json`.
 */
import type { AlarmList, ChannelTest } from '../alarms/protocol.ts';
import type { CommandAnswer } from '../api/protocol.ts';
import type { CheckpointSnapshot, NodeSnapshot } from '../api/snapshot.ts';
import type { ChecksView } from '../checks/report.ts';
import type { Fault, Result } from '../core/result.ts';
import type { Epoch, Millis, Role, WallTime } from '../core/words.ts';
import type { DrillKind, DrillPreview, DrillSummary } from '../drill/protocol.ts';
import type { DrillReport } from '../drill/report.ts';
import type { JournalEntry } from '../ports.ts';
import type { StreamProgress, StreamStatus } from '../replication/stream.ts';
import type { LossView, MergeView } from '../replicator/protocol.ts';

export type {
  Invited,
  InviteRequest,
  JoinRequest,
  PairingTokens,
  PairingView,
  PairingWork,
} from './contract-pairing.ts';
export type {
  BothPreview,
  BothRequest,
  ConfigChange,
  ConfigPreview,
  ConfigProblem,
  ConfigRequest,
  ConfigView,
  DiffLine,
  EditableSetting,
  RestartAnswer,
  SettingSource,
  SettingValue,
  SettingView,
} from './contract-settings.ts';
export type {
  AlarmList,
  ChannelTest,
  CheckpointSnapshot,
  ChecksView,
  CommandAnswer,
  DrillKind,
  DrillPreview,
  DrillReport,
  DrillSummary,
  Epoch,
  Fault,
  JournalEntry,
  LossView,
  MergeView,
  Millis,
  NodeSnapshot,
  Result,
  Role,
  StreamProgress,
  StreamStatus,
  WallTime,
};

/** All paths of the API begin so. */
export const API = '/api/v1';

/** Sent with every request that changes something and comes with the cookie: other sites cannot. Its value is `1`. */
export const CSRF_HEADER = 'x-dualtone';

/** A maintenance ends by itself within a week: whoever forgets it is not without protection for good. */
export const MOST_MAINTENANCE_MS = 7 * 86_400_000;

/** What a checkpoint may be called. */
export const CHECKPOINT_NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/;

/** A token of pairing; whether it is good only the machine that made it knows. */
export const TOKEN_FORM = /^dt1-[A-Za-z0-9_-]{60,140}$/;

/** What a person may do: each includes the one before. */
export type WebRole = 'view' | 'operate' | 'admin';

/** Every answer that is not 2xx: `{ error }`. `fields` names what is wrong in the request, by its path. */
export interface WebError {
  readonly error: Fault & { readonly fields?: readonly FieldError[] };
}

export interface FieldError {
  /** Such as `command.maxWaitMs`; empty: the whole. */
  readonly path: string;
  readonly message: string;
}

// ── Session: POST, GET, DELETE /api/v1/session ──────────────────────────────────────────────────────────────────────────────────

/** POST. Answers 200 with `Session` and the cookie, 401 `login-refused`, 429 `login-too-often` (with `retry-after`). */
export interface LoginRequest {
  readonly user: string;
  readonly password: string;
}

/** GET: 401 `login-needed` without one. DELETE: 204. */
export interface Session {
  readonly user: string;
  readonly role: WebRole;
  /** How it was proved. */
  readonly by: 'session' | 'token';
  /** When it ends at the latest; null: never (a token without end). */
  readonly endsAt: WallTime | null;
}

// ── The pair: GET /api/v1/pair, and event `pair` ────────────────────────────────────────────────────────────────────────────────

/** The other node, as it showed itself last. */
export interface OtherView {
  readonly snapshot: NodeSnapshot;
  /** How old that is. Above a few seconds the page must say so: it was then, not now. */
  readonly heardMsAgo: Millis;
}

/** Everything of both nodes. `view`. */
export interface PairView {
  readonly wall: WallTime;
  /** The node whose page this is. Null: its agent says nothing (`thisTrouble` says why). */
  readonly this: NodeSnapshot | null;
  readonly thisTrouble: string | null;
  /** How old `this` is; some hundreds of milliseconds while all is well. */
  readonly thisMsAgo: Millis | null;
  /** Null: it has shown nothing since this agent started. */
  readonly other: OtherView | null;
}

// ── Events: GET /api/v1/events (text/event-stream). `view` ──────────────────────────────────────────────────────────────────────

/**
 * First comes `pair`, whole. Then `change`, at most each second, and within 300 ms where who serves, a phase, a plan or an order
 * changed. After a lost connection the browser sends `Last-Event-ID`: what was missed follows, or `pair` again where that is too
 * much. A comment every 15 s keeps the connection. `bye` before the server ends it (session over, server stops): connect again
 * after `retryMs`, or log in.
 */
export interface EventByName {
  readonly pair: PairView;
  readonly change: PairChange;
  /** New entries of the journal, oldest first. */
  readonly journal: readonly JournalEntry[];
  /** A job began, moved on or ended. */
  readonly job: Job;
  readonly bye: { readonly reason: 'session-over' | 'server-stops' | 'too-slow'; readonly retryMs: Millis };
}

/** Top-level keys that changed, with their new values. Apply: `{ ...snapshot, ...set }`. `checks.otherHeardMsAgo` alone is no change. */
export interface PairChange {
  readonly wall: WallTime;
  /** `null`: nothing of it changed. A whole snapshot comes where there was none before. */
  readonly this: Partial<NodeSnapshot> | null;
  readonly thisTrouble: string | null;
  readonly thisMsAgo: Millis | null;
  readonly other: { readonly set: Partial<NodeSnapshot>; readonly heardMsAgo: Millis } | null;
}

// ── Commands: POST /api/v1/commands, POST /api/v1/commands/preview. `operate` ───────────────────────────────────────────────────

/** All are given to this node. `confirm`: the other node's name, typed by the person, where the preview asks for it. */
export type WebCommand =
  | { readonly name: 'start'; readonly confirm?: string; readonly acceptLoss?: boolean }
  | { readonly name: 'stop' }
  | { readonly name: 'takeover'; readonly confirm?: string; readonly acceptLoss?: boolean }
  | MoveCommand<'switchover'>
  | MoveCommand<'failback'>
  | { readonly name: 'mode'; readonly mode: 'automatic' | 'manual' }
  | { readonly name: 'maintenance-on'; readonly forMs: Millis; readonly reason: string }
  | { readonly name: 'maintenance-off' }
  | { readonly name: 'acknowledge' };

export interface MoveCommand<N extends string> {
  readonly name: N;
  readonly whenIdle?: boolean;
  /** With `whenIdle`; 30 minutes if absent. */
  readonly maxWaitMs?: Millis;
  readonly acceptLoss?: boolean;
}

/**
 * The answer comes when it has come about or was refused: 200 with `CommandAnswer` where `ok`, 409 with `WebError` where not. With
 * `epoch` (of the snapshot that the person saw) it is refused (`older-epoch`) where service has changed hands since.
 */
export interface CommandRequest {
  readonly command: WebCommand;
  readonly epoch?: Epoch | null;
}

/** What a command would do, before it is given. */
export interface CommandPreview {
  readonly command: WebCommand;
  /** One sentence, in English; `code` for a translation. */
  readonly text: string;
  readonly code:
    | 'moves-service'
    | 'stops-service'
    | 'starts-service'
    | 'changes-orders'
    | 'nothing-to-do'
    | 'would-be-refused';
  /** Who would serve afterwards; null: nobody, or as now. */
  readonly serves: Role | null;
  /** Calls that are up now and would be cut or moved; -1: not known. */
  readonly calls: number;
  /** Steps of the plan on this node, in the order in which they would run. */
  readonly steps: readonly string[];
  /** What would be lost; null: nothing moves, or no stream is configured. */
  readonly loss: LossView | null;
  /** True: give `acceptLoss`, or it is refused. */
  readonly needsAcceptLoss: boolean;
  /** The person must type this name (`confirm`); null: not needed. */
  readonly needsConfirm: string | null;
  /** Epoch of this preview: give it with the command. */
  readonly epoch: Epoch;
}

// ── Work: POST /api/v1/jobs {work}, GET /api/v1/jobs, GET /api/v1/jobs/{id}, and event `job` ────────────────────────────────────

/** `operate`; `sync-init`, `sync-remove` and `merge-undo` `admin`; `merge-report` and `loss` `view`. */
export type WebWork =
  | { readonly name: 'check'; readonly only?: string | null }
  | { readonly name: 'replicate'; readonly stream?: string | null }
  | { readonly name: 'merge-preview' }
  | {
      readonly name: 'merge-run';
      readonly configuration?: 'ask' | 'accept' | 'refuse';
      readonly accept?: readonly string[];
      readonly refuse?: readonly string[];
    }
  | { readonly name: 'merge-undo'; readonly merge: number }
  | { readonly name: 'merge-report'; readonly merge?: number | null }
  | { readonly name: 'loss' }
  /** The simulator with this node's configuration; one at a time. Result: `Forecast`. */
  | { readonly name: 'forecast' }
  | { readonly name: 'sync-init' }
  | { readonly name: 'sync-remove'; readonly preview: boolean; readonly withKey?: boolean; readonly force?: boolean };

export interface JobRequest {
  readonly work: WebWork;
}

/** 202 with `Job`; the last 50 are kept. The result's shape is that of the command line's `--json`. */
export interface Job {
  readonly id: string;
  readonly work: WebWork;
  readonly by: string;
  readonly startedAt: WallTime;
  readonly state: 'running' | 'done' | 'failed';
  readonly progress: StreamProgress | null;
  /** Null while it runs. */
  readonly result: Result<unknown> | null;
  readonly endedAt: WallTime | null;
}

/** Time with nobody serving after one fault, in simulated runs of the real core. */
export interface ForecastRow {
  /** As `dualtone simulate --config` calls it. */
  readonly fault: string;
  readonly runs: number;
  /** Milliseconds: half of the runs were shorter; one in a hundred was longer. */
  readonly p50: Millis;
  readonly p99: Millis;
}

export interface Forecast {
  readonly rows: readonly ForecastRow[];
  readonly tookMs: Millis;
  readonly preset: string;
}

// ── Drills: GET /api/v1/drills, /drills/report, /drills/paper `view`; POST /drills, /drills/preview, /drills/stop `operate` ────────

/** What a drill may do; see docs/drill.md. What one does now is in the snapshot's `drill`. */
export interface DrillRequest {
  readonly kind: DrillKind;
  readonly withCalls?: boolean;
  readonly acceptLoss?: boolean;
  readonly anyTime?: boolean;
}

/** 202: it has begun; 200: it is being stopped. */
export interface DrillBegun {
  readonly id: string;
}

// ── Journal. `view` ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * GET /api/v1/journal?before=SEQ&after=SEQ&since=WALL&until=WALL&kind=a,b&search=TEXT&limit=100. Newest first; `search` looks
 * for the text, without regard to case, in the whole entry. `nextBefore`: give it as `before` for the next (older) page, null at
 * the end. `lookedAt` entries were read: a page may be short, or empty, before the end.
 * GET /api/v1/journal/export (same filters): all as JSON lines, oldest first, with what proves them.
 * GET /api/v1/journal/verify: `JournalProof`.
 */
export interface JournalPage {
  readonly entries: readonly JournalEntry[];
  readonly nextBefore: number | null;
  readonly lookedAt: number;
}

export interface JournalProof {
  readonly ok: boolean;
  readonly entries: number;
  readonly text: string;
}

// ── Others ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
// GET  /api/v1/checks             `view`     ChecksView
// GET  /api/v1/streams            `view`     NodeSnapshot['streams']
// GET  /api/v1/explain            `view`     NodeSnapshot['explanation']
// GET  /api/v1/alarms             `view`     AlarmList; 404 `alarms-off`
// POST /api/v1/alarms/test        `operate`  { channel?: string | null } → ChannelTest[]
// GET  /api/v1/config             `admin`    ConfigView
// POST /api/v1/config/preview     `admin`    ConfigRequest → ConfigPreview
// POST /api/v1/config             `admin`    ConfigRequest → ConfigView
// POST /api/v1/config/undo        `admin`    { base } → ConfigView
// POST /api/v1/config/both/preview `admin`   ConfigRequest → BothPreview
// POST /api/v1/config/both        `admin`    BothRequest → ConfigView; both files or neither
// POST /api/v1/config/both/undo   `admin`    { base } → ConfigView

// POST /api/v1/agent/restart      `admin`    {} → 202 RestartAnswer; only where the other node serves
// GET  /api/v1/users              `admin`    UsersView
// GET  /api/v1/pairing            `admin`    PairingView
// POST /api/v1/pairing/tokens     `admin`    InviteRequest → PairingTokens
// POST /api/v1/pairing/join       `admin`    JoinRequest → 202 PairingView
// DELETE /api/v1/pairing          `admin`    → PairingView
// GET  /api/v1/openapi.json       anybody    OpenAPI 3.1
// GET  /api/v1/public             anybody    PublicView (404 `public-off` where `web.public` is off)
// GET  /health/{live,active,ready} anybody   200 or 503, HealthView
// GET  /metrics                   `view`, or an address of `web.metrics-from`: Prometheus text

export interface UsersView {
  readonly users: readonly { readonly name: string; readonly role: WebRole; readonly createdAt: WallTime }[];
  readonly tokens: readonly {
    readonly name: string;
    readonly role: WebRole;
    readonly createdAt: WallTime;
    readonly endsAt: WallTime | null;
  }[];
}

/** Which address users should use now; for a page without login. Nothing more is told. */
export interface PublicView {
  readonly wall: WallTime;
  /** Null: nobody is known to serve just now. */
  readonly address: string | null;
  /** `virtual`: an address that follows the active node; nothing changes for users. */
  readonly kind: 'virtual' | 'node' | 'none';
  readonly site: string;
  /** Of the contact centre beside the node that serves; null: there is none. Users open it anew, and log in again. */
  readonly centre: CentreView | null;
}

export interface CentreView {
  /** A name, an address, or one of the web, as the configuration has it. */
  readonly address: string;
  /** `preparing`: it does not take users yet; `unknown`: this node does not hear how far the other is. */
  readonly state: 'ready' | 'preparing' | 'unknown';
}

export interface HealthView {
  readonly ok: boolean;
  /** One word: `active`, `passive`, `ready`, `not-ready`, `stale`, `live`. */
  readonly state: string;
}
