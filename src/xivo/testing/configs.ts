/** Configurations of a provisioning server as a XiVO has them: two registrars, a base, autoprov, devices with SIP lines and with SCCP. */
import type { ProvdConfig } from '../enable/provd.ts';

export const MAIN = '192.168.1.10';
export const STANDBY = '192.168.1.11';
export const BRANCH = '10.9.0.1';

const line = (ip: string, more: Readonly<Record<string, unknown>> = {}) => ({
  registrar_ip: ip,
  proxy_ip: ip,
  username: 'u',
  password: 'p',
  ...more,
});

export const provdConfigsAt = (main: string): readonly ProvdConfig[] => [
  { id: 'base', X_type: 'internal', parent_ids: [], raw_config: { ip: main, http_port: 8667 } },
  {
    id: 'default',
    X_type: 'registrar',
    deletable: false,
    parent_ids: [],
    raw_config: { X_key: '' },
    registrar_main: main,
    proxy_main: main,
  },
  {
    id: 'branch',
    X_type: 'registrar',
    parent_ids: [],
    raw_config: { X_key: '' },
    registrar_main: BRANCH,
    proxy_main: BRANCH,
    registrar_backup: '10.9.0.9',
    proxy_backup: '',
  },
  {
    id: 'autoprov',
    X_type: 'internal',
    parent_ids: ['base'],
    raw_config: { sip_lines: { '1': line(main) }, sccp_call_managers: { '1': { ip: main } } },
  },
  {
    id: 'phone1',
    parent_ids: ['base'],
    raw_config: { sip_lines: { '1': line(main), '2': line(BRANCH, { backup_registrar_ip: '10.9.0.9' }) } },
  },
  {
    id: 'phone2',
    parent_ids: ['base'],
    raw_config: { sip_lines: { '1': line(main, { backup_registrar_ip: '203.0.113.5' }) } },
  },
  { id: 'foreign', parent_ids: ['base'], raw_config: { sip_lines: { '1': line('203.0.113.1') } } },
  { id: 'sccp1', parent_ids: ['base'], raw_config: { sccp_call_managers: { '1': { ip: main } } } },
];

export const provdConfigs = provdConfigsAt(MAIN);

export const provdDevices: Readonly<Record<string, string | null>> = {
  d1: 'phone1',
  d2: 'phone2',
  d3: 'sccp1',
  d4: 'foreign',
  d5: null,
};
