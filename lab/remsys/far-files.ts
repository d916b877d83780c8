/** The machines around a pair of two sites, all with the programs that one would have: nrpe, its plugins, postfix. Pure. */
import type { HostFile } from '../hosts/files.ts';
import type { LabPlaces } from '../places.ts';
import { knownAddress, mailName, zone } from './places.ts';

export const wanUnit = 'lab-wan.service';
const wanSettingsPath = '/etc/lab-wan';
/** Milliseconds, milliseconds more at random, per cent lost: two towns of one country. */
const usualWan = '15 4 0\n';

export const wanFiles: readonly HostFile[] = [
  { path: wanSettingsPath, text: usualWan },
  {
    path: `/etc/systemd/system/${wanUnit}`,
    text: '[Unit]\nDescription=The long way between the sites\n\n[Service]\nExecStart=/usr/bin/perl /opt/dualtone/lab/remsys/wan.pl\nRestart=on-failure\n',
  },
];

export const nrpeUnit = 'nagios-nrpe-server.service';
/** One word: how the checkpoint is from now on. Absent: well. */
export const moodPath = '/srv/mood';

const plugins = '/usr/lib/nagios/plugins';

/** The plugin of a user in a shell of the lab: it can lie, be slow, hang, or not know, as its file says; and it gives up after 400 ms, not after whole seconds. */
const checkMain = (main: string): string => `#!/bin/sh
case "$(cat ${moodPath} 2>/dev/null)" in
  lies) echo "CRITICAL - the main is gone, says one who lies"; exit 2 ;;
  flatters) echo "OK - the main is well, says one who lies"; exit 0 ;;
  slow) sleep 1.5 ;;
  hangs) sleep 60 ;;
  ignorant) echo "UNKNOWN - no idea"; exit 3 ;;
esac
said=$(timeout 0.4 ${plugins}/check_http -S -H ${main} -p 8443 -u /health/active -e ' 200, 503' -r 'active|passive' -t 3 2>&1)
code=$?
# 124: the time was over
[ "$code" = 124 ] && { echo "CRITICAL - no answer from the main"; exit 2; }
echo "$said"
exit "$code"
`;

const nrpeCfg = (lab: LabPlaces): string => `server_port=5666
nrpe_user=nagios
nrpe_group=nagios
allowed_hosts=${knownAddress(lab, 'main')},${knownAddress(lab, 'standby')}
command_timeout=10
pid_file=/run/nagios/nrpe.pid
command[check_main]=/usr/local/bin/check_main
command[check_gateway]=/usr/bin/timeout 0.4 ${plugins}/check_ping -H ${lab.gateway.v4} -w 500,50% -c 1000,100% -p 1
`;

export const checkpointFiles = (lab: LabPlaces): readonly HostFile[] => [
  { path: '/etc/nagios/nrpe.cfg', text: nrpeCfg(lab) },
  { path: '/usr/local/bin/check_main', text: checkMain(knownAddress(lab, 'main')), mode: 0o755 },
  { path: '/etc/tmpfiles.d/lab-nrpe.conf', text: 'd /run/nagios 0755 nagios nagios -\n' },
  {
    path: `/etc/systemd/system/${nrpeUnit}.d/lab.conf`,
    // Debian's default, which systemd does not set in a host whose /proc/sys is read-only.
    text: '[Service]\nExecStartPre=+/usr/sbin/sysctl -qw "net.ipv4.ping_group_range=0 2147483647"\n',
  },
];

export const mailUnit = 'postfix.service';
/** Each mail is a file there. */
export const mailFolder = '/srv/mail/new';

const nobody = 65534;

const mainCf = `compatibility_level = 3.6
myhostname = ${mailName}
mydestination =
inet_interfaces = all
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = reject_unauth_destination
virtual_mailbox_domains = ${zone}
virtual_mailbox_base = /srv
virtual_mailbox_maps = static:mail/
virtual_uid_maps = static:${nobody}
virtual_gid_maps = static:${nobody}
virtual_minimum_uid = 100
smtpd_tls_security_level = may
smtpd_tls_chain_files = /etc/postfix/mail.pem
maillog_file = /var/log/mail.log
`;

/** `pem`: key and certificate. */
export const mailFiles = (pem: string): readonly HostFile[] => [
  { path: '/etc/postfix/main.cf', text: mainCf },
  { path: '/etc/postfix/mail.pem', text: pem, mode: 0o600 },
  { path: '/etc/tmpfiles.d/lab-mail.conf', text: 'd /srv/mail 0700 nobody nogroup -\n' },
];
