/** From a node's configuration to what it switches: each moves callers to this node's own side. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Role } from '../core/words.ts';
import { readSecretFile } from '../files/secret.ts';
import type { Run } from '../process/run.ts';
import type { SshTarget } from '../ssh/target.ts';
import { type Box, createBox } from '../switches/berofos/box.ts';
import { type ContactCentre, createContactCentre, type Readiness } from '../switches/contact-centre.ts';
import { createEdge, type Edge } from '../switches/edge/edge.ts';
import type { EdgeChange } from '../switches/edge/target.ts';
import { createFarHost, type FarHost } from '../switches/far-host.ts';
import { createUnitLook, type LookAtUnits } from '../systemd/units.ts';
import { dnsOf, dnsSwitch } from './dns-switch.ts';
import type { Switch } from './switch.ts';

type Switches = Config['switches'];
type CentreConfig = NonNullable<Switches['contactCentre']>;
type BerofosConfig = NonNullable<Switches['berofos']>;

const CONNECT_MS = 5000;
const READY_LOOK_MS = 1000;

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** A host of `switches` with the key of this node; its host key is known under its address. */
export const farHostOf = (
  { keyFile, knownHostsFile }: Pick<Switches, 'keyFile' | 'knownHostsFile'>,
  name: string,
  { address, port, user }: Place & { readonly user: string },
  run: Run,
): FarHost => {
  const target: SshTarget = {
    user,
    address,
    port,
    hostAlias: address,
    keyFile,
    knownHostsFile,
    connectTimeoutMs: CONNECT_MS,
    controlPath: null,
  };
  return createFarHost(name, target, run);
};

const listed = (changes: readonly EdgeChange[]): string =>
  changes.map(({ key, from, to }) => `${key} from ${from} to ${to}`).join(', ');

/** `role`: whose side it is to point to. */
export const edgeSwitch = (edge: Edge, role: Role, lookMs: number): Switch => ({
  name: 'edge',
  lookMs,
  passivate: null,
  activate: async (_continued, signal) => {
    const done = await edge.switchTo(role, signal);
    if (!done.ok) return done;
    const { changes } = done.value;
    return ok(changes.length === 0 ? `it points to the ${role} already, and runs` : `changed ${listed(changes)}`);
  },
  preview: async (signal) => {
    const seen = await edge.preview(role, signal);
    if (!seen.ok) return seen;
    return ok(seen.value.length === 0 ? `points to the ${role}` : `would change ${listed(seen.value)}`);
  },
  look: async (signal) => {
    const seen = await edge.preview(role, signal);
    if (!seen.ok) return seen;
    if (seen.value.length === 0) return ok(null);
    const mended = await edge.switchTo(role, signal);
    return mended.ok ? ok(`it no longer pointed to the ${role}: changed ${listed(mended.value.changes)}`) : mended;
  },
});

/** Names of this node's own services that do not run yet, as soon as there are none, at the latest after `limitMs`. */
export type AwaitServices = (limitMs: number, signal: AbortSignal) => Promise<readonly string[]>;

const SERVICES_LOOK_MS = 500;
const SERVICES_ASK_MS = 5000;

/** Not awaited: what is not installed, and what has failed, such as a DHCP server that a site does not use; the latter is named. */
export const awaitUnits =
  (units: readonly string[], look: LookAtUnits): AwaitServices =>
  async (limitMs, signal) => {
    const until = performance.now() + limitMs;
    for (;;) {
      const seen = await look(units, ['LoadState', 'ActiveState'], { timeoutMs: SERVICES_ASK_MS, signal });
      const missing = units.flatMap((unit, at) => {
        const state = seen.ok ? seen.value[at] : undefined;
        if (state === undefined) return [{ unit, failed: false }];
        const active = state.get('ActiveState');
        return state.get('LoadState') !== 'loaded' || active === 'active'
          ? []
          : [{ unit, failed: active === 'failed' }];
      });
      if (missing.every(({ failed }) => failed) || signal.aborted || performance.now() >= until)
        return missing.map(({ unit }) => unit);
      await sleep(SERVICES_LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  };

export const centreSwitch = (
  centre: ContactCentre,
  { service, passive, servicesTimeMs }: Pick<CentreConfig, 'service' | 'passive' | 'servicesTimeMs'>,
  lookMs: number,
  awaitServices: AwaitServices,
): Switch => {
  // It asks those services when it starts, and not again: one that came before them would be up and of no use.
  const restart = async (signal: AbortSignal): Promise<Result<string>> => {
    const missing = await awaitServices(servicesTimeMs, signal);
    const done = await centre.restart(signal);
    if (!done.ok) return done;
    const though = missing.length === 0 ? '' : `, though these do not run here: ${missing.join(', ')}`;
    return ok(`${service} was restarted and is ready after ${Math.round(done.value.tookMs / 1000)} s${though}`);
  };
  const keepRunning = async (signal: AbortSignal): Promise<Result<string | null>> => {
    const running = await centre.isRunning(signal);
    if (!running.ok) return running;
    if (running.value) return ok(null);
    const done = await restart(signal);
    return done.ok ? ok(`it did not run: ${done.value}`) : done;
  };
  return {
    name: 'contact-centre',
    lookMs,
    activate: async (continued, signal) => {
      if (!continued) return restart(signal);
      const kept = await keepRunning(signal);
      return kept.ok ? ok(kept.value ?? `${service} runs on, as this node served before`) : kept;
    },
    passivate:
      passive === 'run'
        ? null
        : async (signal) => {
            const running = await centre.isRunning(signal);
            if (!running.ok) return running;
            if (!running.value) return ok(`${service} does not run`);
            const stopped = await centre.set('stop', signal);
            return stopped.ok ? ok(`${service} was stopped`) : stopped;
          },
    preview: async (signal) => {
      const running = await centre.isRunning(signal);
      return running.ok ? ok(`${service} ${running.value ? 'runs' : 'does not run'}`) : running;
    },
    look: keepRunning,
  };
};

/** `box`: made anew for each try, so that a login that was corrected counts. */
const boxSwitch = (
  name: string,
  box: () => Result<Box>,
  role: Role,
  { watchdog, watchdogEveryMs }: Pick<BerofosConfig, 'watchdog' | 'watchdogEveryMs'>,
  lookMs: number,
): Switch => {
  /** Whether its relays had to move. Only the main's life is watched: the box falls to the standby. */
  const set = async (signal: AbortSignal): Promise<Result<boolean>> => {
    const made = box();
    if (!made.ok) return made;
    const moved = await made.value.set(role, signal);
    if (!moved.ok) return moved;
    const armed = watchdog ? await made.value.arm(role === 'main', signal) : ok(undefined);
    return armed.ok ? ok(moved.value.changed) : armed;
  };
  return {
    name: `berofos ${name}`,
    lookMs: watchdog && role === 'main' ? Math.min(lookMs, watchdogEveryMs) : lookMs,
    passivate: null,
    activate: async (_continued, signal) => {
      const done = await set(signal);
      if (!done.ok) return done;
      return ok(done.value ? `its relays moved to the ${role}` : `its relays are at the ${role} already`);
    },
    preview: async (signal) => {
      const made = box();
      if (!made.ok) return made;
      const state = await made.value.look(signal);
      return state.ok ? ok(`its relays are at the ${state.value.relays}`) : state;
    },
    look: async (signal) => {
      const done = await set(signal);
      if (!done.ok) return done;
      return ok(done.value ? `its relays had left the ${role}, and were put back` : null);
    },
  };
};

/** How `env` and shells say that there is no such program. */
const NOT_FOUND = 127;

/** Done once it ended well; one that a site does not have is passed over. */
export const programSwitch = (
  { name, run: argv, timeoutMs }: Switches['programs'][number],
  run: Run,
  lookMs: number,
): Switch => ({
  name,
  lookMs,
  passivate: null,
  activate: async (continued, signal) => {
    if (continued) return ok('not needed, as this node served before');
    const ended = await run(argv, { timeoutMs, signal });
    if (!ended.ok) return ended.error.code === 'program-missing' ? ok('not installed, and passed over') : ended;
    const { exitCode, stderr, tookMs } = ended.value;
    if (exitCode === NOT_FOUND) return ok('not installed, and passed over');
    if (exitCode === 0) return ok(`done within ${Math.ceil(tookMs / 1000)} s`);
    const said = stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
    return fail(
      'switch-program-failed',
      `${argv.join(' ')} ended with ${exitCode}${said === '' ? '' : `: ${said.replace(/\.$/, '')}`}.`,
      'Run it by hand to see why.',
    );
  },
  preview: async () => ok('is run by a takeover'),
  look: async () => ok(null),
});

const centreOf = (switches: Switches, config: CentreConfig, place: Place, run: Run): ContactCentre => {
  const { user, service, restartTimeMs, readyTimeMs, readyPort, readyLog } = config;
  const readiness: Readiness =
    readyLog === null
      ? { kind: 'port', address: place.address, port: readyPort }
      : { kind: 'log', pattern: new RegExp(readyLog, 'u') };
  return createContactCentre({
    host: farHostOf(switches, 'the contact centre', { ...place, user }, run),
    service,
    readiness,
    restartMs: restartTimeMs,
    readyMs: readyTimeMs,
    everyMs: READY_LOOK_MS,
  });
};

const loginOf = (loginFile: string | null): Result<string | null> => {
  if (loginFile === null) return ok(null);
  const read = readSecretFile(loginFile, 'Write `user:password` of the box into it, mode 0600.');
  if (!read.ok || read.value.includes(':')) return read;
  return fail('berofos-login-odd', `${loginFile} holds no \`user:password\`.`, 'Write both, with a colon between.');
};

/** Of this node, in the order of the configuration. */
export const switchesOf = (
  { node: { role }, services, switches }: Config,
  run: Run,
  look: LookAtUnits = createUnitLook(run),
): readonly Switch[] => {
  const { dns, edge, contactCentre, berofos, programs, lookMs } = switches;
  const found: Switch[] = [];
  if (dns !== null) found.push(dnsSwitch(dnsOf(dns), role, lookMs));
  if (edge !== null) {
    const { main, standby, fileTimeMs, upTimeMs } = edge;
    const sides = {
      main: { xivo: main.xivo, cc: main.contactCentre },
      standby: { xivo: standby.xivo, cc: standby.contactCentre },
    };
    const host = farHostOf(switches, 'Edge', edge, run);
    found.push(edgeSwitch(createEdge({ host, sides, fileMs: fileTimeMs, upMs: upTimeMs }), role, lookMs));
  }
  const place = contactCentre?.[role] ?? null;
  if (contactCentre !== null && place !== null)
    found.push(
      centreSwitch(
        centreOf(switches, contactCentre, place, run),
        contactCentre,
        lookMs,
        awaitUnits(
          services.flatMap((each) => ('unit' in each ? [each.unit] : [])),
          look,
        ),
      ),
    );
  for (const { name, address, port, loginFile } of berofos?.boxes ?? []) {
    const box = (): Result<Box> => {
      const login = loginOf(loginFile);
      if (!login.ok) return login;
      return ok(createBox({ name, host: address, port, login: login.value, timeoutMs: berofos?.timeoutMs ?? 0 }));
    };
    if (berofos !== null) found.push(boxSwitch(name, box, role, berofos, lookMs));
  }
  return [...found, ...programs.map((program) => programSwitch(program, run, lookMs))];
};
