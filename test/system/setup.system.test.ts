/** `dualtone setup` as a person has it: at a terminal, on two fresh machines. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createFreshHosts, type FreshHost, type FreshHosts, PROGRAM_PATH, withoutRoot } from './fresh-hosts.ts';

const options = { skip: withoutRoot };
let fresh: FreshHosts | null = null;
before(async () => {
  if (withoutRoot === false) fresh = await createFreshHosts('pbx1', 'pbx2');
});
after(() => fresh?.remove());

const hostsOf = (): readonly [FreshHost, FreshHost] => {
  const [one, other] = fresh?.hosts ?? [];
  if (one === undefined || other === undefined) throw new Error('there are no hosts');
  return [one, other];
};

/** What a person answers on the first of them; a second answer follows a refused one. */
const QUESTIONS: readonly (readonly [question: string, ...answers: string[]])[] = [
  ['it begins here', 'somewhere', ''],
  ['What the nodes run', ''],
  ['How fast', 'at once', 'quick'],
  ['A checkpoint', 'cp1', ''],
  ['main or the standby?', 'chief', 'master'],
  ['Its own address', '10.98.11.77', ''],
  ['Address of the other machine', 'pbx2', '10.98.11.1', ''],
  ['Virtual IP', '10.98.11.10', '10.98.11.1/24', '10.98.11.10/24'],
  ['Go on?', 'y'],
];

/** Nothing below /etc, /var/lib and /etc/systemd is Dualtone's. */
const remains = (host: FreshHost): string =>
  host.run('find', '/etc', '/var/lib', '(', '-path', '*dualtone*', '-o', '-name', '*dualtone*', ')').out;

test('Ctrl-C at any question leaves nothing behind', options, async () => {
  const [pbx1] = hostsOf();
  for (const at of [0, 7, 8]) {
    const person = pbx1.terminal(PROGRAM_PATH, 'setup');
    for (const [question, ...answers] of QUESTIONS.slice(0, at)) {
      await person.until(question);
      person.type(`${answers.at(-1)}\r`);
    }
    await person.until(QUESTIONS[at]?.[0] ?? '');
    person.type('\u0003');
    assert.equal(await person.ended(), 1);
    assert.match(person.shown(), /nothing was changed/i);
    assert.equal(remains(pbx1), '');
  }
});

test('two people answer: a pair is there, its journals say who, and what it lacks is said', options, async () => {
  const [pbx1, pbx2] = hostsOf();
  const one = pbx1.terminal(PROGRAM_PATH, 'setup');
  for (const [question, ...answers] of QUESTIONS)
    for (const answer of answers) {
      await one.until(question);
      one.type(`${answer}\r`);
    }
  const [, token = ''] = await one.until(/^ {4}(dt1-\S+)/m);
  // While it waits, nobody else pairs this machine.
  const refused = pbx1.run(PROGRAM_PATH, 'disable', '--yes', '--json').out;
  assert.match(refused, /"pairing-busy".*dualtone init, process \d+/);
  const two = pbx2.terminal(PROGRAM_PATH, 'setup');
  await two.until('it begins here');
  two.type(`${pbx1.address}\r`);
  await two.until('The token');
  two.type(`${token}\r`);
  await two.until('Go on?');
  two.type('y\r');
  await two.until('is the standby of the pair with pbx1', 40_000);
  // There is no Asterisk on either: both say so, each of both.
  for (const [person, host] of [
    [one, pbx1],
    [two, pbx2],
  ] as const) {
    assert.equal(await person.ended(60_000), 6);
    assert.match(person.shown(), /NOT READY/);
    assert.match(person.shown(), /asterisk-manager|services-present/);
    const journal = host.run(PROGRAM_PATH, 'journal', '--json', '--lines', '500').out;
    assert.ok(/key sha256:.*"what":"(paired|joined)"/.test(journal), 'the journal names who joined, and by which key');
  }
});
