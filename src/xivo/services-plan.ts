/** What `xivo-manage-slave-services` does, from what is there. Pure. */
import type { Original } from '../profiles/xivo/original.ts';

/** One unit as systemd shows it. */
export interface UnitLook {
  /** It is installed. */
  readonly loaded: boolean;
  readonly active: boolean;
  /** It starts at boot. */
  readonly enabled: boolean;
}

export interface ServicesLook {
  readonly unitByName: ReadonlyMap<string, UnitLook>;
  /** The flag that keeps the telephony group from starting. */
  readonly disabled: boolean;
}

export type Action =
  | { readonly kind: 'flag'; readonly present: boolean }
  | {
      readonly kind: 'program';
      readonly argv: readonly string[];
      readonly timeoutMs: number;
      /** `vital`: its failure is the command's; `known`: told, and the rest goes on; `optional`: it may not be installed. */
      readonly weight: 'vital' | 'known' | 'optional';
    };

const UNIT_MS = 60_000;
const ENABLE_MS = 20_000;

const unit = (verb: string, name: string, weight: 'vital' | 'known', timeoutMs = UNIT_MS): Action => ({
  kind: 'program',
  argv: ['systemctl', verb, name],
  timeoutMs,
  weight,
});

const is = (look: ServicesLook, name: string, what: keyof UnitLook): boolean =>
  look.unitByName.get(name)?.[what] ?? false;

const dhcpStart = (original: Original, look: ServicesLook): readonly Action[] => {
  const { dhcp, beforeDhcp } = original;
  if (!is(look, dhcp, 'loaded') || is(look, dhcp, 'active')) return [];
  return [
    ...beforeDhcp.map((program): Action => ({ kind: 'program', ...program, weight: 'optional' })),
    unit('start', dhcp, 'known'),
    ...(is(look, dhcp, 'enabled') ? [] : [unit('enable', dhcp, 'known', ENABLE_MS)]),
  ];
};

/** Empty when everything runs. Asterisk comes first; then the rest of telephony; then DHCP; monit and agents' relogin last. */
export const startActions = (original: Original, look: ServicesLook): readonly Action[] => {
  const idle = original.services.filter((name) => is(look, name, 'loaded') && !is(look, name, 'active'));
  const telephony = idle.filter((name) => name !== original.monit);
  const begins = telephony.includes(original.vital);
  const before = begins ? original.beforeTelephony : [];
  const { monit } = original;
  const watch =
    is(look, monit, 'loaded') && !is(look, monit, 'enabled') ? [unit('enable', monit, 'known', ENABLE_MS)] : [];
  return [
    ...(look.disabled ? [{ kind: 'flag', present: false } as const] : []),
    ...before.map((program): Action => ({ kind: 'program', ...program, weight: 'optional' })),
    ...telephony.map((name) => unit('start', name, name === original.vital ? 'vital' : 'known')),
    ...dhcpStart(original, look),
    ...watch,
    ...(idle.includes(monit) ? [unit('start', monit, 'known')] : []),
    // Whoever is logged in already would be logged off: only where Asterisk begins now.
    ...(begins ? [{ kind: 'program', ...original.relogAgents, weight: 'optional' } as const] : []),
  ];
};

/** Empty when nothing runs. The flag comes first, so that a stop that is cut off leaves a node that stays passive. */
export const stopActions = (original: Original, look: ServicesLook): readonly Action[] => {
  const running = original.services.filter((name) => is(look, name, 'active'));
  const { monit, dhcp } = original;
  const telephony = running.filter((name) => name !== monit).toReversed();
  const end = (name: string): readonly Action[] => [
    ...(is(look, name, 'active') ? [unit('stop', name, 'known')] : []),
    ...(is(look, name, 'enabled') ? [unit('disable', name, 'known', ENABLE_MS)] : []),
  ];
  return [
    ...(look.disabled ? [] : [{ kind: 'flag', present: true } as const]),
    ...end(monit),
    ...telephony.map((name) => unit('stop', name, name === original.vital ? 'vital' : 'known')),
    ...end(dhcp),
  ];
};

/** Whether this node serves, as far as its services say. */
export const isServing = (original: Original, look: ServicesLook): boolean => is(look, original.vital, 'active');

/** Reads `systemctl show` of several units. */
export const parseUnits = (text: string): ReadonlyMap<string, UnitLook> => {
  const unitByName = new Map<string, UnitLook>();
  for (const block of text.split(/\n\n+/)) {
    const values = new Map(
      block.split('\n').map((line) => {
        const at = line.indexOf('=');
        return [line.slice(0, at), line.slice(at + 1)] as const;
      }),
    );
    const state = values.get('ActiveState') ?? '';
    unitByName.set(values.get('Id') ?? '', {
      loaded: values.get('LoadState') === 'loaded',
      active: ['active', 'activating', 'reloading'].includes(state),
      enabled: values.get('UnitFileState') === 'enabled',
    });
  }
  return unitByName;
};
