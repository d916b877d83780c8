/** Every command that the handbook names is run: on a pair that two people have just made, from the first look to the leaving of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askSnapshot } from '../../src/api/client.ts';
import { handbookCommands } from '../handbook-commands.ts';
import { createFreshHosts, type FreshHost, type FreshHosts, PROGRAM_PATH, withoutRoot } from './fresh-hosts.ts';
import { pairHosts } from './fresh-pair.ts';
import type { Ran } from './handbook-runner.ts';
import { elsewhere, type Step, story } from './handbook-story.ts';

const RUNNER = fileURLToPath(new URL('handbook-runner.ts', import.meta.url));

const FILE = `telephony: cold
services: []
gate: { enforce: false }
streams: { astdb: { enabled: false } }
failback: { policy: manual }
flapping: { max-switches: 50 }
probes: { ami: null, tcp: [], sip: [] }
alarms: { channels: [{ kind: command, name: log, run: [/bin/true] }] }
upgrade: { programs: [{ name: system, run: [/bin/sh, /etc/dualtone/system.sh], timeout: 1m }] }
`;

/** The packages of the telephone system; where \`/run/go\` is there, it talks and waits for it, as a large package does. */
const PACKAGES = `[ -p /run/go ] || exit 0
echo unpacking | tee /run/begun
read -r line < /run/go
echo installed || exit 9
`;

let fresh: FreshHosts | null = null;
const folder = withoutRoot === false ? mkdtempSync('/dev/shm/dualtone-handbook-') : '';

before(async () => {
  if (withoutRoot === false) fresh = await createFreshHosts('pbx1', 'pbx2');
});
after(async () => {
  await fresh?.remove();
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

const pair = async (one: FreshHost, other: FreshHost): Promise<void> => {
  for (const host of [one, other]) {
    host.run('mkdir', '-p', '/etc/dualtone');
    host.write('/etc/dualtone/dualtone.yaml', FILE);
    host.write('/etc/dualtone/system.sh', PACKAGES);
  }
  await pairHosts(one, other);
  const deadline = performance.now() + 30_000;
  for (;;) {
    const asked = await Promise.all([one, other].map(({ socket }) => askSnapshot(socket, 2000)));
    const [here, there] = asked.map((each) => (each.ok && each.value.kind === 'node' ? each.value : null));
    if (here?.server === 'this' && here.other.proven && there?.server === 'other' && there.checks?.other != null)
      return;
    assert.ok(performance.now() < deadline, `a pair was to be seen: ${JSON.stringify(here?.headline)}`);
    await sleep(20);
  }
};

const wordsOf = ({ line, typed }: Step): readonly string[] =>
  [...(typed ?? line).matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare = '']) => quoted ?? bare);

/** One process for what one host is told in a row. */
const runAll = async (host: FreshHost, steps: readonly Step[]): Promise<readonly Ran[]> => {
  const path = join(folder, 'ran.json');
  const runner = host.start(process.execPath, RUNNER, path);
  let words = '';
  runner.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  runner.stdin?.end(JSON.stringify(steps.map(wordsOf)));
  runner.stdout?.resume();
  assert.deepEqual(await once(runner, 'exit'), [0, null], words);
  return JSON.parse(readFileSync(path, 'utf8')) as readonly Ran[];
};

/** Steps in a row on one host. */
const batchesOf = (steps: readonly Step[]): readonly (readonly Step[])[] => {
  const batches: Step[][] = [];
  for (const step of steps) {
    const last = batches.at(-1);
    if (last?.[0]?.on === step.on) last.push(step);
    else batches.push([step]);
  }
  return batches;
};

test('each command of the handbook stands in the story, or somebody else runs it', () => {
  const told = new Set([...story.map(({ line }) => line), ...Object.keys(elsewhere)]);
  const missing = [...handbookCommands()].filter(([line]) => !told.has(line) && !line.startsWith('lab '));
  assert.deepEqual(missing, []);
  for (const [line, [file, words]] of Object.entries(elsewhere))
    assert.ok(readFileSync(file, 'utf8').includes(words), `${line}: ${file} has no ${words}`);
});

const hostsOf = (): readonly [FreshHost, FreshHost] => {
  const [pbx1, pbx2] = fresh?.hosts ?? [];
  if (pbx1 === undefined || pbx2 === undefined) throw new Error('there are no hosts');
  return [pbx1, pbx2];
};

/** The journal of the host says so, after its entries of this kind so far. */
const untilNoted = async (host: FreshHost, text: string, times: number): Promise<void> => {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const { out } = host.run('sh', '-c', `cat /var/lib/dualtone/journal/*.jsonl | grep -c '${text}' || true`);
    if (Number(out) >= times) return;
    assert.ok(performance.now() < deadline, `"${text}" was to be noted ${times} times, and was ${out.trim()}`);
    await sleep(50);
  }
};

test('Ctrl-C, and a terminal that goes, let the program of an upgrade come to its end, and a second upgrade waits', {
  skip: withoutRoot,
}, async () => {
  const [pbx1, pbx2] = hostsOf();
  await pair(pbx1, pbx2);
  pbx2.run('mkfifo', '/run/go', '/run/begun');
  const goOn = (): void => void pbx2.run('sh', '-c', 'echo on > /run/go');
  const person = pbx2.terminal(PROGRAM_PATH, 'upgrade', '--anew');
  assert.equal(pbx2.run('cat', '/run/begun').out, 'unpacking\n');
  person.type('\u0003');
  await person.until('It ends as soon as what runs now has ended');
  assert.match(pbx2.run(PROGRAM_PATH, 'upgrade', '--json').out, /"upgrade-running"/);
  goOn();
  assert.equal(await person.ended(), 1);
  assert.match(person.shown(), /system is done.*was told to end/s);
  await untilNoted(pbx2, 'system is done', 1);
  const gone = pbx2.terminal(PROGRAM_PATH, 'upgrade', '--anew');
  assert.equal(pbx2.run('cat', '/run/begun').out, 'unpacking\n');
  // The program that holds the terminal is killed, as when a connection breaks.
  pbx2.run('sh', '-c', 'kill -KILL $(pgrep -x script)');
  await gone.ended();
  goOn();
  await untilNoted(pbx2, 'system is done', 2);
  pbx2.run('rm', '/run/go');
  // It goes on with what is left: nothing but to see that all is well.
  const again = pbx2.run(PROGRAM_PATH, 'upgrade');
  assert.equal(again.code, 0, again.out);
  assert.doesNotMatch(again.out, /system begins/);
});

test('the story of the handbook’s commands: each does, or refuses with its reason, as told', {
  skip: withoutRoot,
}, async (context) => {
  const [pbx1, pbx2] = hostsOf();
  const wrong: string[] = [];
  for (const steps of batchesOf(story)) {
    const ran = await runAll(steps[0]?.on === 'pbx1' ? pbx1 : pbx2, steps);
    for (const [at, step] of steps.entries()) {
      const { code, out, err } = ran[at] ?? { code: null, out: '', err: '' };
      if (code !== step.code || !step.says.test(`${out}${err}`))
        wrong.push(`${step.on}: dualtone ${step.typed ?? step.line}: ${code}: ${`${err}${out}`.slice(0, 300)}`);
    }
  }
  assert.deepEqual(wrong, []);
  const processes = pbx1.run('sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" "\\n"').out;
  for (const name of ['checker', 'alarms']) assert.match(processes, new RegExp(`^${name}$`, 'm'));
  context.diagnostic(`${story.length} commands`);
});
