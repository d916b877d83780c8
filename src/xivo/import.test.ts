import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { originalCronLines, parseHaConf } from './ha-conf.ts';
import { type Found, planImport } from './import.ts';

describe('ha.conf', () => {
  const table: readonly (readonly [string | null, string])[] = [
    [null, 'disabled null'],
    ['{"node_type":"disabled","remote_address":""}', 'disabled null'],
    ['{"node_type":"disabled","remote_address":"0.0.0.0"}', 'disabled null'],
    ['{"node_type":"master","remote_address":"10.0.0.2"}', 'main 10.0.0.2'],
    ['{"node_type":"slave","remote_address":"10.0.0.1"}', 'standby 10.0.0.1'],
    ['{"node_type":"main","remote_address":"10.0.0.2","more":1}', 'main 10.0.0.2'],
    ['', 'xivo-ha-conf-odd'],
    ['[]', 'xivo-ha-conf-odd'],
    ['{"remote_address":"10.0.0.2"}', 'xivo-ha-conf-odd'],
    ['{"node_type":"boss","remote_address":"10.0.0.2"}', 'xivo-ha-conf-odd'],
    ['{"node_type":"master"}', 'xivo-ha-conf-odd'],
    ['{"node_type":"master","remote_address":null}', 'xivo-ha-conf-odd'],
    ['{"node_type":"master","remote_address":"pbx2"}', 'xivo-ha-conf-odd'],
    ['{"node_type":"slave","remote_address":"10.0.0.1\\n* * * * * root evil"}', 'xivo-ha-conf-odd'],
  ];
  for (const [text, expected] of table) {
    test(JSON.stringify(text), () => {
      const conf = parseHaConf(text);
      assert.equal(conf.ok ? `${conf.value.role} ${conf.value.address}` : conf.error.code, expected);
    });
  }
});

test('lines of the original are found in cron, sleeping ones and others not', () => {
  const text =
    '# a\n0 * * * * root /usr/sbin/xivo-master-slave-db-replication 10.0.0.2 >/dev/null\n#* * * * * root /usr/sbin/xivo-check-master-status 10.0.0.1\n5 * * * * root wazo-sync\n1 * * * * root backup\n';
  assert.equal(originalCronLines(text).length, 2);
});

const base: Found = {
  conf: { role: 'standby', address: '10.0.0.1' },
  era: 'xivo',
  addresses: [
    { address: '127.0.0.1', netmask: '255.0.0.0' },
    { address: '192.168.7.3', netmask: '255.255.255.0' },
    { address: '10.0.0.2', netmask: '255.255.255.0' },
  ],
  cronLines: ['* * * * * root /usr/sbin/xivo-check-master-status 10.0.0.1 >/dev/null'],
  hasKey: false,
  boxes: [{ name: 'fos1', host: '10.0.0.5', login: 'admin:s3cret' }],
  isAsleep: false,
  isConfigured: false,
};

test('from either side the same steps follow, and the standby’s check sleeps before anything else decides', () => {
  const standby = planImport(base);
  const main = planImport({
    ...base,
    conf: { role: 'main', address: '10.0.0.2' },
    addresses: [{ address: '10.0.0.1', netmask: '255.255.255.0' }],
    hasKey: true,
  });
  assert.ok(standby.ok && main.ok);
  assert.deepEqual(standby.value.steps, main.value.steps);
  assert.deepEqual(standby.value.steps[0]?.where, 'standby');
  assert.equal(standby.value.steps[0]?.command, 'dualtone xivo enable');
  assert.equal(
    standby.value.steps[2]?.command,
    'dualtone init --role main --address 10.0.0.1 --peer 10.0.0.2 --profile xivo --preset classic --adopt',
  );
  // What is set up later has to be configured, on both nodes, and in force; no agent is restarted for it while the pair is young.
  const at = (word: string): number => standby.value.steps.findIndex(({ command }) => command.includes(word));
  assert.ok(at('dualtone.yaml') < at('dualtone init') && at('dualtone join') < at('dualtone database setup'));
  assert.equal(at('systemctl'), -1);
  const written = standby.value.steps.filter(({ command }) => command.includes('dualtone.yaml'));
  assert.deepEqual(
    written.map(({ where }) => where),
    ['main'],
  );
  const text = /'(streams: .*)'/.exec(written[0]?.command ?? '')?.[1] ?? '';
  const parsed = parseConfig(
    `node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\nprofile: xivo\npreset: classic\n${text}\n`,
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { database, files, voicemail } = parsed.config.streams;
  assert.deepEqual([database.mode, files.enabled, voicemail.enabled], ['snapshot', true, true]);
  assert.ok(
    standby.value.notes.some((note) => note.startsWith('awake in cron:')) &&
      standby.value.notes.some(
        (note) =>
          note.includes('boxes: [{ name: fos1, address: 10.0.0.5 }]') &&
          note.includes('login-file') &&
          !note.includes('s3cret'),
      ),
  );
  assert.ok(main.value.notes.some((note) => note.includes('authorized_keys')));
});

test('what is no pair is not imported', () => {
  const codeOf = (found: Found): string => {
    const plan = planImport(found);
    return plan.ok ? 'planned' : plan.error.code;
  };
  assert.equal(codeOf({ ...base, conf: { role: 'disabled', address: null } }), 'xivo-nothing-to-import');
  assert.equal(codeOf({ ...base, conf: { role: 'standby', address: '10.1.0.1' } }), 'xivo-no-own-address');
  assert.equal(
    codeOf({ ...base, conf: { role: 'standby', address: '10.0.0.2' } }),
    'xivo-no-own-address',
    'the address is its own',
  );
});
