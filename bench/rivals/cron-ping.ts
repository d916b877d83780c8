import { setTimeout as sleep } from 'node:timers/promises';
import { ok, type Result } from '../../src/core/result.ts';
import { type Ground, hasAddress, installNodes, isActive, revive } from './ground.ts';
import type { System } from './system.ts';

const pbx = 'asterisk.service';
const addressUnit = 'bench-address.service';
const cronUnit = 'cron.service';
const checkPath = '/usr/local/sbin/check-main';
const servicePath = '/usr/local/sbin/standby-services';

/** The crontab's line: each minute, whatever the one before is doing. */
const crontab = (mainAddress: string): string =>
  `PATH=/usr/sbin:/usr/bin:/sbin:/bin\n* * * * * root ${checkPath} ${mainAddress} >/dev/null 2>&1\n`;

/** Three pings, ten seconds apart; only if none is answered the services start, and else they are stopped. */
const checkScript = `#!/bin/sh
if ping -c 3 -i 10 "$1"; then
  exec ${servicePath} stop
fi
exec ${servicePath} start
`;

/** Starts what telephony needs and takes the address, or the reverse. What runs already is left alone. */
const serviceScript = (address: string): string => `#!/bin/sh
case $1 in
start)
  systemctl start ${pbx}
  ip address add ${address}/24 dev eth0 2>/dev/null || exit 0
  arping -q -U -c 3 -I eth0 ${address}
  ;;
stop)
  ip address del ${address}/24 dev eth0 2>/dev/null
  systemctl stop ${pbx}
  ;;
esac
exit 0
`;

/** The main has the address from its boot on. */
const addressService = (address: string): string => `[Unit]
Description=The address of telephony
After=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/ip address replace ${address}/24 dev eth0
ExecStart=/usr/bin/arping -q -U -c 2 -I eth0 ${address}
ExecStop=/usr/sbin/ip address del ${address}/24 dev eth0

[Install]
WantedBy=multi-user.target
`;

/** So long before the minute a measured fault strikes: detection is waited for in full, the minute before it is not. */
const beforeMinuteMs = 2500;
/** Decided at the latest: the minute, three lost pings, the start of the services. */
const decisionMs = 45_000;

/**
 * The scheme of a check by cron, in our own words: each minute three pings ten seconds apart, and only if all of them fail the standby
 * starts its services and takes the address. Its services are stopped meanwhile, since each good check stops them.
 */
export const createCronPing = (ground: Ground): System => {
  const { lab } = ground;
  const address = lab.virtual.v4;
  const onStandby = async (action: 'start' | 'stop'): Promise<Result<void>> => {
    const done = await lab.host('standby').execChecked([servicePath, action]);
    return done.ok ? ok(undefined) : done;
  };
  return {
    name: 'cron-ping',
    watchByFault: {
      'power-loss': { withinMs: decisionMs, staysMs: 500, runsMost: 5 },
      'asterisk-crash': { withinMs: 8000, staysMs: 1000, runsMost: 10 },
      'asterisk-hang': { withinMs: 100_000, staysMs: 0, runsMost: 1 },
      isolation: { withinMs: decisionMs, staysMs: 0, whole: true, runsMost: 2 },
      switchover: { withinMs: 15_000, staysMs: 700, runsMost: 10 },
      'cut-between': { withinMs: decisionMs, staysMs: 0, whole: true, runsMost: 2 },
    },
    sharesRegistrations: false,
    unitsByHost: { main: [], standby: [cronUnit] },
    install: async () =>
      await installNodes(ground, {
        main: {
          files: [{ path: `/etc/systemd/system/${addressUnit}`, text: addressService(address) }],
          units: [addressUnit],
          startsAsterisk: true,
        },
        standby: {
          files: [
            { path: checkPath, text: checkScript, mode: 0o755 },
            { path: servicePath, text: serviceScript(address), mode: 0o755 },
            { path: '/etc/cron.d/check-main', text: crontab(lab.host('main').address.v4) },
          ],
          units: [cronUnit],
          startsAsterisk: false,
        },
      }),
    // The next check would stop the standby's services by itself, within a minute; nobody waits for it.
    restore: async () => {
      const revived = await revive(ground, { main: [pbx, addressUnit], standby: [cronUnit] });
      return revived.ok ? await onStandby('stop') : revived;
    },
    missing: async () => {
      const lacking: string[] = [];
      if (!(await hasAddress(ground, 'main'))) lacking.push('the main has no address');
      if (await hasAddress(ground, 'standby')) lacking.push('the standby has the address');
      if (!(await isActive(ground, 'main', pbx))) lacking.push('no Asterisk runs on the main');
      return lacking;
    },
    switchover: async () => {
      const started = await onStandby('start');
      if (!started.ok) return started;
      const stopped = await lab.host('main').execChecked(['systemctl', 'stop', addressUnit, pbx]);
      return stopped.ok ? ok(undefined) : stopped;
    },
    beforeFault: async (fault) => {
      const toMinuteMs = 60_000 - (Date.now() % 60_000);
      const waits = fault === 'power-loss' || fault === 'isolation' || fault === 'cut-between';
      if (waits) await sleep((toMinuteMs - beforeMinuteMs + 60_000) % 60_000);
    },
  };
};
