import { type Original, shared } from '../xivo/original.ts';

/** The other branch of the same: new names, and a cache of the generated SIP configuration that must not outlive a replication. */
export const wazoOriginal: Original = {
  ...shared,
  era: 'wazo',
  services: [
    'asterisk.service',
    'wazo-agid.service',
    'wazo-dxtora.service',
    'wazo-provd.service',
    'wazo-amid.service',
    'wazo-call-logd.service',
    'wazo-agentd.service',
    'wazo-phoned.service',
    'wazo-calld.service',
    'wazo-websocketd.service',
    'monit.service',
  ],
  disabledFlag: '/var/lib/wazo/disabled',
  sentinels: { main: '/var/lib/wazo/is-primary', standby: '/var/lib/wazo/is-secondary' },
  beforeTelephony: [{ argv: ['wazo-confgen', 'asterisk/pjsip.conf', '--invalidate'], timeoutMs: 5000 }],
  relogAgents: { argv: ['wazo-agentd-cli', '-c', 'relog all --timeout 60'], timeoutMs: 70_000 },
  sipReload: [
    ['wazo-confgen', 'asterisk/pjsip.conf', '--invalidate'],
    ['asterisk', '-rx', 'module reload res_pjsip.so'],
  ],
};
