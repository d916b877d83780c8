/**
 * Every command of the handbook: run here on a pair of two hosts, in this order, or by whom else. What this pair has not (a database, MySQL, XiVO,
 * a login by SSH, a device) is refused here with a reason; the lab’s scenarios run it where it is there.
 */

export interface Step {
  /** The main is pbx1. */
  readonly on: 'pbx1' | 'pbx2';
  /** As the handbook has it. */
  readonly line: string;
  /** With names in the place of words such as NAME. */
  readonly typed?: string;
  readonly code: number;
  readonly says: RegExp;
}

type Short = readonly [line: string, code: number, says: RegExp, typed?: string];

const on = (host: Step['on'], ...steps: readonly Short[]): readonly Step[] =>
  steps.map(([line, code, says, typed]) => ({
    on: host,
    line,
    code,
    says,
    ...(typed === undefined ? {} : { typed }),
  }));

const NO_STREAM = /No stream of database, files or voicemail is configured/;
const NO_DATABASE = /database is not configured to follow/;
const NO_MYSQL = /MySQL is not configured to follow/;
const NO_DEVICE = /No device turns the other node off/;
const NO_REPORTING = /No target of reporting is configured/;
const NO_XIVO = /PostgreSQL|provisioning server/;

const looking = on(
  'pbx2',
  ['status', 0, /pbx1 \(main\) serves/],
  ['status --old-words', 0, /pbx1 \(master\) serves/],
  ['explain', 0, /this node would take over after about/],
  ['check', 5, /gate-enforced/],
  ['check --only switches-could-move', 0, /2 do not apply/],
  ['journal', 0, /agent-started/],
  ['journal --lines 20', 0, /#\d+ e\d+/],
  ['journal --since 1h', 0, /agent-started/],
  ['journal --since 2h', 0, /agent-started/],
  ['journal export', 0, /^/],
  ['journal export --format remsys', 0, /^/],
  ['journal verify', 0, /The journal is whole/],
  ['alarm list', 0, /No alarm is open|log/],
  ['alarm test', 0, /log: delivered/],
  ['nagios', 1, /^DUALTONE WARNING/],
  ['pairing', 0, /own key +sha256:/],
  ['manual', 0, /^\.TH DUALTONE/],
  ['config check', 0, /is valid/],
  ['config check --file-only', 0, /is valid/],
  ['config check FILE', 0, /is valid/, 'config check /etc/dualtone/dualtone.yaml'],
  ['config show', 0, /role: standby/],
  ['key generate', 1, /exists already/],
  ['token list', 0, /There are no tokens/],
  ['user list', 0, /There are no users/],
  ['user add', 2, /--role/],
  ['user role', 2, /missing required argument/],
);

const absent = on(
  'pbx2',
  ['database setup --preview', 1, NO_DATABASE],
  ['database setup', 1, NO_DATABASE],
  ['database status', 1, NO_DATABASE],
  ['database restart', 1, NO_DATABASE],
  ['database undo', 1, NO_DATABASE],
  ['mysql setup --preview', 1, NO_MYSQL],
  ['mysql setup', 1, NO_MYSQL],
  ['mysql status', 1, NO_MYSQL],
  ['mysql compare', 1, NO_STREAM],
  ['mysql join', 1, NO_STREAM],
  ['mysql resume', 1, NO_STREAM],
  ['mysql undo', 1, NO_MYSQL],
  ['merge preview', 1, NO_STREAM],
  ['merge run', 1, NO_STREAM],
  ['merge run --accept ID', 1, NO_STREAM],
  ['merge report', 1, NO_STREAM],
  ['merge undo 3', 1, NO_STREAM],
  ['merge undo', 2, /missing required argument/],
  ['replicate', 1, NO_STREAM],
  ['replicate [STREAM]', 1, NO_STREAM, 'replicate files'],
  ['reporting status', 1, NO_REPORTING],
  ['reporting report', 1, NO_REPORTING],
  ['reporting sql', 1, NO_REPORTING],
  ['fence status', 1, NO_DEVICE],
  ['fence test', 1, NO_DEVICE],
  ['fence metadata', 1, NO_DEVICE],
  ['fence metadata fence_ipmilan', 0, /fence_ipmilan: Fence agent for IPMI/],
  ['sync init', 1, /It is the main that connects/],
  ['sync init --host-key SHA256', 1, /It is the main that connects/],
  ['sync status', 1, /There is no key/],
  ['sync remove', 1, /The key is the main's/],
  ['sync remove --with-key', 1, /The key is the main's/],
  ['sync authorize', 1, /public key of SSH is none/],
  ['sync authorize < sync_ed25519.pub', 1, /public key of SSH is none/, 'sync authorize'],
  ['import xivo', 1, /high availability is disabled/],
  ['xivo enable --preview', 1, NO_XIVO],
  ['xivo enable', 1, NO_XIVO],
  ['xivo resync', 1, NO_XIVO],
  ['xivo disable --preview', 0, /^/],
  ['xivo disable --force', 0, /XiVO is as it was/],
  ['xivo key', 0, /switch_ed25519/],
);

const NOT_READY = /a drill: |drill/i;

const moving = [
  ...on(
    'pbx1',
    ['switchover', 0, /The other node serves now/],
    ['failback --when-idle', 0, /This node serves now/, 'failback --when-idle --max-wait 1s'],
    ['switchover --when-idle', 0, /The other node serves now/, 'switchover --when-idle --max-wait 1s'],
  ),
  ...on('pbx2', ['failback', 0, /The other node serves now/], ['takeover', 0, /This node serves now/]),
  ...on('pbx1', ['failback', 0, /This node serves now/]),
  ...on(
    'pbx2',
    ["maintenance on --for 2h --reason 'to and fro'", 0, /ends by itself/],
    ['maintenance off', 0, /Maintenance is over/],
    ['acknowledge', 0, /Acknowledged/],
    ['mode manual', 0, /manual mode/],
    ['start', 0, /This node serves now/],
  ),
  ...on('pbx1', ['start --confirm NAME', 0, /This node serves/, 'start --confirm pbx2']),
  ...on(
    'pbx2',
    ['takeover --confirm NAME', 0, /This node serves/, 'takeover --confirm pbx1'],
    ['mode automatic', 0, /automatic mode/],
  ),
  ...on('pbx1', ['failback', 0, /This node serves now/]),
];

const drilling = on(
  'pbx2',
  ['drill', 1, NOT_READY],
  ['drill --preview', 1, NOT_READY],
  ['drill switchover', 1, NOT_READY],
  ['drill takeover', 1, NOT_READY],
  ['drill switchover --with-power', 1, NOT_READY],
  ['drill --dry', 0, /dry: passed/],
  ['drill status', 0, /No drill is being made/],
  ['drill stop', 1, /No drill is being made/],
  ['drill list', 0, /dry +passed/],
  ['drill report', 0, /dry: passed/],
  ['drill report [ID] [--json] [--html]', 0, /^\{"version":1/, 'drill report --json'],
  ['drill report --html', 0, /^<!doctype html>/],
  ['drill verify [ID]', 0, /is as it was written/, 'drill verify'],
);

const upgrading = on(
  'pbx2',
  ['upgrade --anew', 0, /system is done.*this node is upgraded and well/s],
  ['upgrade', 0, /service stays where it is/],
  ['upgrade --done', 0, /service stays where it is/],
);

const simulating = on(
  'pbx2',
  ['simulate', 0, /^/, 'simulate --seeds 2'],
  ['simulate --pairs 50', 0, /^/, 'simulate --pairs 2 --seeds 1'],
  [
    'simulate --silent-times --config FILE',
    0,
    /^/,
    'simulate --silent-times --config /etc/dualtone/dualtone.yaml --seeds 1',
  ],
);

const leaving = on(
  'pbx2',
  ['disable --preview', 0, /dualtone\.service/],
  ['disable', 0, /This machine leaves the pair/, 'disable --yes'],
);

export const story: readonly Step[] = [
  ...looking,
  ...absent,
  ...moving,
  ...drilling,
  ...upgrading,
  ...simulating,
  ...leaving,
];

/** Run elsewhere: the file, and words of it by which it does. */
export const elsewhere: Readonly<Record<string, readonly [file: string, words: string]>> = {
  'agent --config FILE': ['test/system/fresh-hosts.ts', 'agent --config'],
  'checkpoint --config FILE': ['test/system/fresh-hosts.ts', 'checkpoint --config'],
  alarms: ['test/system/alarms.system.test.ts', "'alarms'"],
  checker: ['test/system/handbook.system.test.ts', "'checker'"],
  switcher: ['src/agent/beside/switcher.test.ts', "'switcher'"],
  web: ['test/system/web.system.test.ts', 'web'],
  'user add NAME --role admin': ['src/cli/web.test.ts', "'user', 'add'"],
  setup: ['test/system/setup.system.test.ts', "'setup'"],
  init: ['test/system/fresh-pair.ts', "'init'"],
  join: ['test/system/fresh-pair.ts', "'join'"],
  'join -': ['test/system/fresh-pair.ts', "'join', '-'"],
  'init --role main --virtual-ip ADDRESS/PREFIX': ['test/system/adopt-pair.system.test.ts', '--virtual-ip'],
  'init --role main --virtual-ip 10.0.0.10/24': ['test/system/adopt-pair.system.test.ts', '--virtual-ip'],
  'init --role main --virtual-ip 10.0.0.10/24 --checkpoint cp1=10.0.0.3': [
    'test/system/adopt-pair.system.test.ts',
    '--checkpoint',
  ],
  'init --checkpoint': ['test/system/adopt-pair.system.test.ts', '--checkpoint'],
  'init --etcd FILE': ['src/cli/bad-input.test.ts', "'--etcd'"],
  'init --role main --preset remsys --adopt': ['test/system/adopt-pair.system.test.ts', "'--adopt'"],
  'join --checkpoint 10.0.0.1 -': ['test/system/adopt-pair.system.test.ts', '--checkpoint'],
  'join 10.0.0.1 -': ['test/system/fresh-pair.ts', "'join'"],
  'join 192.0.2.1 -': ['test/system/adopt-pair.system.test.ts', "'join'"],
  'join ADDRESS -': ['test/system/fresh-pair.ts', "'join'"],
  rejoin: ['test/system/rejoin.system.test.ts', 'replace: true'],
  lab: ['lab/lab.system.test.ts', 'lab'],
};
