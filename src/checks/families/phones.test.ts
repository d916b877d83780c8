import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostOfContact } from '../asterisk-survey.ts';
import { fakeRun, find, type Planted, told } from '../testing/around.ts';
import { phoneChecks } from './phones.ts';

const say = async (planted: Planted): Promise<string> => told(await find(phoneChecks, 'phones-reachable', planted));

/** `ip` knows ways to all but `lost`, and `alive` answer pings. */
const network = (alive: readonly string[], lost: readonly string[] = []) => {
  const asked: string[] = [];
  const run = fakeRun(([program, ...args]) => {
    const last = args.at(-1) ?? '';
    if (program === 'ip')
      return lost.includes(last) ? { exit: 2, err: 'RTNETLINK answers: Network is unreachable' } : {};
    asked.push(...args.filter((each) => /^[0-9a-f.:]+$/.test(each) && each.includes('.')));
    return { exit: 1, out: alive.map((each) => `${each}\n`).join('') };
  });
  return { run, asked };
};

test('phones that answer, that never do, and to which there is no way', async () => {
  const phones = ['10.1.0.21', '10.2.0.22'];
  assert.equal(await say({ phones, ...network(['10.2.0.22']) }), 'pass: 1 of 2 phones that were tried answer pings');
  assert.match(await say({ phones, ...network([]) }), /^unknown: there is a way to all/);
  assert.equal(await say({ phones, ...network([], ['10.2.0.22']) }), 'fail: there is no way to the phone at 10.2.0.22');
  assert.equal(await say({ phones: [] }), 'not-applicable: no phone is registered');
  assert.equal(await say({ phones: null }), 'unknown: Asterisk is absent.');
  assert.match(await say({ phones, run: fakeRun(() => null) }), /^unknown: The program ip is not installed/);
});

test('of many a few are tried, from all over', async () => {
  const { run, asked } = network(['10.0.0.1']);
  const phones = Array.from({ length: 3000 }, (_, at) => `10.0.${Math.floor(at / 250)}.${(at % 250) + 1}`);
  await say({ phones, run });
  const tried = asked.filter((each) => phones.includes(each));
  assert.ok(tried.length >= 3 && tried.length <= 5, `${tried.length}`);
});

test('the host of a contact, as PJSIP writes them', () => {
  assert.equal(hostOfContact('sip:1001@10.0.0.21:5060;transport=udp'), '10.0.0.21');
  // Header `Uri` of an event `ContactList` of Asterisk 22, in the lab; `ObjectName` was `1000;@b04abb37fdae2033934475f8d6e08f90`.
  assert.equal(hostOfContact('sip:1000@10.176.254.31:54260'), '10.176.254.31');
  assert.equal(hostOfContact('sips:1001@[fd00::21]:5061'), 'fd00::21');
  assert.equal(hostOfContact('sip:10.0.0.21'), '10.0.0.21');
  assert.equal(hostOfContact('sip:1001@phone.example.test'), null);
  assert.equal(hostOfContact('tel:1001'), null);
});
