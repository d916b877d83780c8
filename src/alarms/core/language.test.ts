import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alarmSettings, checkpointFacts, nodeFacts, WALL } from '../testing/facts.ts';
import { conditionsOf, ownConditions } from './conditions.ts';
import { causeOfNotice, causeOfService } from './notices.ts';
import { type Phrase, phrasesEn } from './phrases-en.ts';
import { noticeTitlesFr, phrasesFr } from './phrases-fr.ts';
import { situationOf } from './situation.ts';
import { recordText, textOf } from './text.ts';
import type { Condition, Facts, Outgoing } from './words.ts';
import { emptyAlarms, emptyChannel } from './words.ts';

const keys = Object.keys(phrasesEn) as readonly Phrase[];
const holes = (text: string): readonly string[] =>
  [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''))].toSorted();

test('both languages say the same, and fill in the same', () => {
  assert.deepEqual(Object.keys(phrasesFr), keys);
  // The parts of a subject that a person looks for first.
  for (const key of keys.filter((each) => !each.endsWith('.next')))
    assert.deepEqual(holes(phrasesFr[key]), holes(phrasesEn[key]), key);
  for (const key of keys) {
    const known = holes(phrasesEn[key]);
    for (const hole of holes(phrasesFr[key])) assert.ok(known.includes(hole), `${key}: {${hole}}`);
  }
});

test('French is French, with spaces that do not break before double signs, and every command as it is', () => {
  const commands = (text: string): readonly string[] => [...text.matchAll(/`[^`]+`/g)].map(([each]) => each).toSorted();
  const words = keys.filter((key) => /\p{L}{4}/u.test(phrasesEn[key].replaceAll(/\{\w+\}|`[^`]+`/g, '')));
  assert.deepEqual(
    words.filter((key) => phrasesFr[key] === phrasesEn[key]),
    ['who.maintenance', 'tag.info'],
  );
  for (const key of keys) {
    assert.doesNotMatch(phrasesFr[key].replaceAll(/`[^`]+`/g, ''), / [;?!:]/, key);
    assert.deepEqual(commands(phrasesFr[key]), commands(phrasesEn[key]), key);
  }
});

/** Everything that can be wrong, so that every phrase is used. */
const ALL: readonly Facts[] = [
  nodeFacts({ server: 'both' }),
  nodeFacts({ server: 'nobody', missing: [{ rule: 'listening', text: 'just started' }], takesOver: false }),
  nodeFacts({ server: 'this', telephony: { verdict: 'down', reason: 'xyz' }, otherHeardMsAgo: null }),
  nodeFacts({ telephony: { verdict: 'down', reason: 'xyz' }, otherHeardMsAgo: 90_000, otherRelayedMsAgo: 100 }),
  nodeFacts({ server: 'nobody', otherHeardMsAgo: 90_000, needsAcknowledgement: true }),
  nodeFacts({ server: 'this', takesOver: false, missing: [{ rule: 'votes', text: '1 of the 2 votes' }] }),
  nodeFacts({ server: 'this', readiness: { state: 'degraded', text: 'xyz', reasons: [] }, lossAboveLimit: 'xyz' }),
  nodeFacts({ server: 'this', readiness: { state: 'not-ready', text: 'xyz', reasons: ['xyz'] } }),
  nodeFacts({ checkpoints: [{ name: 'cp1', answeredMsAgo: null }] }),
  nodeFacts({ checkpoints: [{ name: 'etcd', answeredMsAgo: null }] }),
  nodeFacts({
    checkpoints: [
      { name: 'cp1', answeredMsAgo: null },
      { name: 'cp2', answeredMsAgo: 5 },
    ],
    streams: [{ name: 'files', condition: 'failed', text: 'xyz' }],
    switches: [{ name: 'edge', trouble: 'xyz' }],
    troubles: { journal: 'xyz', memory: 'xyz', replicator: 'xyz' },
  }),
  nodeFacts({ halted: 'xyz' }),
  checkpointFacts({ heardMsAgo: { main: null, standby: 90_000 } }),
];

const told = (language: 'en' | 'fr'): readonly Condition[] => {
  const settings = alarmSettings({ language });
  const own = ALL.flatMap((facts) =>
    ownConditions(
      { ...emptyAlarms('t'), facts, now: 60_000, channelByName: { mail: { ...emptyChannel, tries: 5 } } },
      settings,
    ),
  );
  return [...ALL.flatMap((facts) => conditionsOf(facts, settings)), ...own];
};

test('in French nothing is left in English but what the agent said, and no hole is left open', () => {
  const [english, french] = [told('en'), told('fr')];
  const shape = ({ code, object, severity, afterMs, always }: Condition) => ({
    code,
    object,
    severity,
    afterMs,
    always,
  });
  assert.deepEqual(french.map(shape), english.map(shape));
  assert.ok(new Set(french.map(({ code }) => code)).size >= 17);
  for (const { code, title, detail, next } of french)
    for (const text of [title, detail, next]) {
      assert.doesNotMatch(text, /[{}]|undefined/, code);
      assert.doesNotMatch(text.replaceAll(/`[^`]+`/g, ''), /\b(the|and|of|is|not|has)\b/i, `${code}: ${text}`);
    }
});

test('a French mail, its subject first', () => {
  const facts = nodeFacts({
    server: 'this',
    epoch: 3,
    servesSince: WALL,
    calls: 7,
    takesOver: false,
    missing: [{ rule: 'rival-silent', text: 'the main is silent' }],
  } as const);
  const cause = causeOfService(facts, 'fr');
  const item = {
    ...cause,
    alarm: 1,
    what: 'again',
    beganWall: WALL,
    lastWall: WALL,
    endedWall: null,
    count: 1,
  } as const;
  const outgoing: Outgoing = {
    id: 't-1',
    wall: WALL + 60_000,
    items: [item],
    folded: 2,
    openBesides: ['x'],
    situation: situationOf(facts, 0, 'fr'),
  };
  const settings = { site: 'Hôtel', language: 'fr', timeZone: 'UTC' } as const;
  const { subject, body } = textOf(outgoing, settings);
  const plain = (text: string): string => text.replaceAll('\u00A0', ' ');
  assert.equal(
    plain(subject).slice(0, 199),
    'TOUJOURS ALARME Hôtel: pbx2 (secours) a pris le relais : pbx1 s’est tu ou n’était pas en service (+2 autres) | pbx2 (secours) est en service depuis 02:00:00, 7 appels',
  );
  assert.match(plain(body), /Quand : +depuis 02:00:00 \(60 s\)/);
  assert.match(plain(body), /pbx1 \(principal\) ne pourrait PAS prendre le relais maintenant : l’autre nœud se tait\n/);
  assert.match(plain(recordText(item, settings)), /^Hôtel: toujours : pbx2 .* À faire : Les téléphones trouvent/);
});

test('a notice has a French title by its code, the agent’s own words below, and a next step', () => {
  const notice = { level: 'alarm', code: 'gate-failed', text: 'The kernel gate refused the order "arm".' } as const;
  const french = causeOfNotice(notice, nodeFacts(), 'fr');
  assert.equal(french?.title, 'pbx2: le noyau a refusé un ordre à la porte');
  assert.equal(french.detail, notice.text);
  assert.match(french.next, /^Lancez `nft list ruleset`/);
  const odd = causeOfNotice({ ...notice, code: 'odd' }, null, 'fr');
  assert.equal(odd?.title, 'cette machine: The kernel gate refused the order "arm"');
  assert.match(odd.next, /^Lancez `dualtone status` sur cette machine/);
  for (const title of Object.values(noticeTitlesFr)) assert.doesNotMatch(title, / [;?!:]/);
});
