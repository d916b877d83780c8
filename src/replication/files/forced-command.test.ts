import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isPlainPath, parseForcedCommand } from './forced-command.ts';
import { isRelative, rawOfText, shown } from './raw-path.ts';
import { createRsyncReader } from './rsync.ts';
import { transferFault } from './transfer.ts';

/** As rsync 3.2.7 and 3.5.0 really sent them for the calls of `rsyncArgv`. */
const REAL = [
  'rsync --server -logtpre.iLsfxCIvu --log-format=X --timeout=30 --bwlimit=5000 -@-1 --delete-delay --delay-updates --safe-links --numeric-ids --info=NAME,DEL,STATS2,SYMSAFE --mkpath . /var/lib/asterisk/moh/',
  'rsync --server -ldogtpRe.LsfxCIvu --no-r --log-format=X --timeout=30 -@-1 --delete-delay --delay-updates --safe-links --numeric-ids --info=DEL,SYMSAFE --mkpath . /var/lib/asterisk/moh/',
  'rsync --server --sender -logtpre.iLsfxCIvu --timeout=30 --safe-links --numeric-ids . /var/spool/asterisk/monitor/ /var/spool/asterisk/one.wav',
];

test('what our own client asks is understood', () => {
  const modes = REAL.map((command) => {
    const parsed = parseForcedCommand(command);
    return parsed.ok ? `${parsed.value.mode} ${parsed.value.paths.length}` : parsed.error.message;
  });
  assert.deepEqual(modes, ['receive 1', 'receive 1', 'send 2']);
});

const FULL = REAL[0] ?? '';
const hostile: readonly string[] = [
  '',
  'id',
  'rsync',
  'rsync --daemon',
  'rsync --server',
  '/usr/bin/rsync --server . /x',
  FULL.replace(' . ', ' --log-file=/etc/x . '),
  FULL.replace(' . ', ' --temp-dir=/tmp . '),
  FULL.replace(' . ', ' --partial-dir=/etc . '),
  FULL.replace(' . ', ' --backup-dir=/etc . '),
  FULL.replace(' . ', ' --remove-source-files . '),
  FULL.replace(' . ', ' --rsync-path=id . '),
  FULL.replace(' . ', ' -e id . '),
  FULL.replace(' . ', ' --files-from=/etc/passwd . '),
  FULL.replace(' . ', ' --safe-links . '),
  FULL.replace('-logtpre', '-Llogtpre'),
  FULL.replace('-logtpre', '-logtprse'),
  FULL.replace('-logtpre', '-KlogtpreD'),
  FULL.replace('/var/lib/asterisk/moh/', '/var/lib/asterisk/moh/../../../etc/'),
  FULL.replace('/var/lib/asterisk/moh/', 'relative/'),
  FULL.replace('/var/lib/asterisk/moh/', '/a;id'),
  FULL.replace('/var/lib/asterisk/moh/', '/a$(id)'),
  FULL.replace('/var/lib/asterisk/moh/', '/a\nid'),
  FULL.replace('/var/lib/asterisk/moh/', '/a\\ b'),
  FULL.replace('/var/lib/asterisk/moh/', '/*'),
  `${FULL} /etc/`,
  `${FULL} --delete`,
  FULL.replace(' . ', '  . '),
  REAL[2]?.replace(' . ', ' --delete-delay . ') ?? '',
  `${FULL}${'a'.repeat(9000)}`,
];

for (const command of hostile) {
  test(`refused: ${JSON.stringify(command.slice(0, 200))}`, () => {
    const parsed = parseForcedCommand(command);
    assert.equal(parsed.ok ? 'accepted' : parsed.error.code, 'files-command-refused');
  });
}

test('property: nothing throws, and what is accepted holds only plain words', () => {
  const word = fc.oneof(fc.constantFrom(...FULL.split(' '), '--sender', '..', '/etc/../x', ';', '`id`'), fc.string());
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      const parsed = parseForcedCommand(['rsync', '--server', ...words].join(' '));
      if (!parsed.ok) return;
      for (const option of parsed.value.options) assert.match(option, /^-[-\w@.,=%]*$/);
      for (const path of parsed.value.paths)
        assert.ok(isPlainPath(path) && path.startsWith('/') && !path.includes('..'));
    }),
    { numRuns: 2000 },
  );
});

test('what rsync prints is counted, in whatever pieces it comes, and a name cannot pass for a message', () => {
  const output =
    '>a\n>ignoring unsafe symlink "x" -> "y"\nignoring unsafe symlink "out" -> "/etc/passwd"\ndeleting gone\n' +
    '              2  12%    0.00kB/s    0:00:00 (xfr#1, ir-chk=4/6)\r             4  25%    1.95kB/s    0:00:00 (xfr#2, to-chk=0/6)\n' +
    'Number of created files: 4 (reg: 2, dir: 1, link: 1)\nNumber of deleted files: 3\n' +
    'Number of regular files transferred: 2\nTotal bytes sent: 271\nTotal bytes received: 63\n';
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (sizes) => {
      const seen: string[] = [];
      const reader = createRsyncReader('d', ({ done, total }) => seen.push(`${done}/${total}`));
      for (let at = 0, i = 0; at < output.length; i += 1) {
        const size = sizes[i % sizes.length] ?? 1;
        reader.take(output.slice(at, at + size));
        at += size;
      }
      assert.deepEqual(reader.counts(), { changed: 6, bytes: 334, unsafeLinks: ['out'], unsafeCount: 1 });
      assert.deepEqual(seen, ['2/null', '6/6']);
    }),
  );
});

test('exit codes and complaints become faults', () => {
  const code = (exitCode: number | null, said: string): string => transferFault(exitCode, said)?.code ?? 'none';
  assert.equal(code(0, ''), 'none');
  assert.equal(code(24, 'file has vanished'), 'none');
  assert.equal(code(11, 'rsync: write failed on "/x": No space left on device (28)'), 'files-disk-full');
  assert.equal(
    code(12, 'dualtone: sync-not-now: This node serves.\nrsync: connection unexpectedly closed'),
    'sync-not-now',
  );
  assert.equal(
    code(12, 'Hello.\nrsync: connection unexpectedly closed (0 bytes received so far) [sender]'),
    'files-cut-off',
  );
  assert.equal(code(255, 'Host key verification failed.'), 'ssh-host-key-unknown');
  assert.equal(code(30, 'rsync error: timeout in data send/receive'), 'files-silent');
  assert.equal(code(23, 'rsync: [sender] opendir "/x" failed: Permission denied (13)'), 'files-run-failed');
  assert.equal(code(null, ''), 'files-run-failed');
  assert.equal(code(11, ''), 'files-disk-full');
  assert.equal(code(11, 'rsync: read errors mapping "/x": Input/output error (5)'), 'files-run-failed');
});

test('names are shown without harm, and relative ones are told from others', () => {
  assert.equal(shown(rawOfText('é\n\u001b[2J')), 'é\\n\\u001b[2J');
  assert.equal(shown('\xff'), 'ÿ');
  assert.equal(isRelative('a/b'), true);
  for (const bad of ['', '/a', 'a/', 'a//b', '..', 'a/../b', './a', 'a\0b']) assert.equal(isRelative(bad), false, bad);
});
