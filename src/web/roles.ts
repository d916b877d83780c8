/** Who may do what, as data: the keeper obeys it, the server shows it, the tests try it. */
import type { WebRole, WebWork } from './contract.ts';

const RANK: Readonly<Record<WebRole, number>> = { view: 1, operate: 2, admin: 3 };

export const ROLES: readonly WebRole[] = ['view', 'operate', 'admin'];

/** True where `role` includes `needed`. */
export const mayDo = (role: WebRole, needed: WebRole): boolean => RANK[role] >= RANK[needed];

/** What each kind of request to the keeper needs; null: no login. */
export const NEEDS = {
  login: null,
  logout: null,
  who: 'view',
  pair: 'view',
  jobs: 'view',
  command: 'operate',
  preview: 'operate',
  'alarm-list': 'view',
  'alarm-test': 'operate',
  journal: 'view',
  export: 'view',
  verify: 'operate',
  config: 'admin',
  'config-preview': 'admin',
  'config-write': 'admin',
  'config-undo': 'admin',
  'config-both-preview': 'admin',
  'config-both-write': 'admin',
  'config-both-undo': 'admin',
  restart: 'admin',
  drills: 'view',
  'drill-report': 'view',
  'drill-paper': 'view',
  'drill-preview': 'operate',
  'drill-begin': 'operate',
  'drill-stop': 'operate',
  users: 'admin',
  pairing: 'admin',
  'pairing-invite': 'admin',
  'pairing-join': 'admin',
  'pairing-cancel': 'admin',
} as const satisfies Readonly<Record<string, WebRole | null>>;

export const WORK_NEEDS: Readonly<Record<WebWork['name'], WebRole>> = {
  check: 'operate',
  replicate: 'operate',
  'merge-preview': 'operate',
  'merge-run': 'operate',
  'merge-undo': 'admin',
  'merge-report': 'view',
  loss: 'view',
  forecast: 'operate',
  'sync-init': 'admin',
  'sync-remove': 'admin',
};
