/** Checks of this node's Asterisk, and of what must be alike in both. */
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { sendOptions } from '../../sip/options.ts';
import { type Around, readSystemFile } from '../around.ts';
import type { AsteriskSurvey } from '../asterisk-survey.ts';
import { type Definition, failed, failedBy, notApplicable, PACE, passed, type Said, unknown } from '../check.ts';

/** A cold telephony runs on the node that serves only. */
const mayBeOff = async ({ config, agent }: Around): Promise<string | null> => {
  if (config.telephony !== 'cold') return null;
  const asked = await agent();
  if (!asked.ok) return 'the telephony is cold, and whether it should run is not known';
  return asked.value.phase === 'passive' ? 'it is cold: it starts with a takeover' : null;
};

/** With what Asterisk says of itself; not reached is told by `asterisk-manager` alone. */
const withSurvey = async (around: Around, judge: (survey: AsteriskSurvey) => Said | Promise<Said>): Promise<Said> => {
  if (around.config.probes.ami === null) return notApplicable('probes.ami is not configured');
  const off = await mayBeOff(around);
  if (off !== null) return notApplicable(off);
  const survey = await around.asterisk();
  return survey.ok ? judge(survey.value) : unknown(survey.error.message);
};

/** Actions that the agent and its streams give, by what for; lower case. */
const wantedActions = ({ streams }: Around['config']): readonly (readonly [string, string])[] => [
  ['corestatus', 'reporting or system'],
  ...(streams.astdb.enabled
    ? ([
        ['dbget', 'system or reporting'],
        ['dbput', 'system'],
        ['dbdel', 'system'],
        ['queuestatus', 'agent'],
        ['pjsipqualify', 'system'],
        ['command', 'command'],
      ] as const)
    : []),
  ...(streams.voicemail.enabled ? ([['coreshowchannels', 'system or reporting']] as const) : []),
];

const manager: Definition = {
  id: 'asterisk-manager',
  about: 'Asterisk runs, its manager lets Dualtone in, and its user may do what is needed.',
  severity: 'critical',
  scope: 'node',
  // The agent's own probe asks the manager all the time; this looks at what its user may do.
  everyMs: 120_000,
  timeoutMs: PACE.usual.timeoutMs,
  remedy:
    'In manager.conf give the user `read = all` and `write = system,command,reporting,agent,call`, then `manager reload`.',
  try: async (around) => {
    if (around.config.probes.ami === null) return notApplicable('probes.ami is not configured');
    const off = await mayBeOff(around);
    if (off !== null) return notApplicable(off);
    const survey = await around.asterisk();
    if (!survey.ok) return failedBy(survey.error);
    const { actions, version } = survey.value;
    // A module that is not loaded takes its action with it: that is another thing than a right.
    const hasQueues = survey.value.modules.includes('app_queue.so');
    const hasPjsip = survey.value.modules.includes('res_pjsip.so');
    const lacking = wantedActions(around.config).filter(([action]) => {
      if ((action === 'queuestatus' && !hasQueues) || (action === 'pjsipqualify' && !hasPjsip)) return false;
      return !actions.includes(action);
    });
    if (lacking.length > 0)
      return failed(`the user may not do ${lacking.map(([action, needs]) => `${action} (class ${needs})`).join(', ')}`);
    return passed(`Asterisk ${version}, ${actions.length} actions allowed`);
  },
};

const OPTIONS_MS = 2000;

const askSip = async (around: Around, signal: AbortSignal) => {
  const { sip } = around.config.probes;
  const asked = sip.filter(({ about }) => about !== 'rival');
  const answers = [];
  for (const { transport, host, port } of asked) {
    const answer = await sendOptions({ transport, host, port, timeoutMs: OPTIONS_MS, signal });
    answers.push({ place: `${transport} ${host}:${port}`, answer });
  }
  return answers;
};

const answersSip: Definition = {
  id: 'asterisk-answers-sip',
  about: 'Asterisk answers SIP OPTIONS at every place that is probed.',
  severity: 'critical',
  scope: 'node',
  ...PACE.usual,
  remedy: 'See that the transport is bound there (`pjsip show transports`), and that Asterisk is not stuck.',
  try: async (around, signal) => {
    const off = await mayBeOff(around);
    if (off !== null) return notApplicable(off);
    const answers = await askSip(around, signal);
    if (answers.length === 0) return notApplicable('probes.sip is empty');
    for (const { place, answer } of answers) {
      if (!answer.ok) return failedBy(answer.error);
      const { status, reason } = answer.value;
      if (status >= 500 || status === 408) return failed(`${place} answers ${status} ${reason}`);
    }
    return passed(answers.map(({ place, answer }) => `${place}: ${answer.ok ? answer.value.status : '?'}`).join(', '));
  },
};

const probeEndpoint: Definition = {
  id: 'asterisk-knows-probe',
  about: "Asterisk knows who asks: an endpoint for Dualtone's probes, so that they are not logged as failed logins.",
  severity: 'advice',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Add an endpoint with an `identify` section that matches 127.0.0.1 (see docs/checks.md).',
  try: async (around, signal) => {
    const off = await mayBeOff(around);
    if (off !== null) return notApplicable(off);
    const answers = await askSip(around, signal);
    if (answers.length === 0) return notApplicable('probes.sip is empty');
    const strange = answers.filter(({ answer }) => answer.ok && [401, 403, 404, 407].includes(answer.value.status));
    if (strange.length === 0) return passed('its questions are answered as those of an endpoint');
    return failed(
      strange.map(({ place, answer }) => `${place} answers ${answer.ok ? answer.value.status : '?'}`).join(', '),
    );
  },
};

const named = (names: readonly string[]): string =>
  `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;

const registrationDelay: Definition = {
  id: 'trunk-registers-at-once',
  about: 'Trunks register at once after a start (`max_random_initial_delay` is 0), not after up to 10 s.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Write `max_random_initial_delay = 0` into each `type = registration` section, then `pjsip reload`.',
  try: (around) =>
    withSurvey(around, ({ registrations }) => {
      if (registrations.length === 0) return notApplicable('no trunk registers');
      const known = registrations.filter(({ maxInitialDelaySeconds }) => maxInitialDelaySeconds !== null);
      if (known.length === 0) return unknown('this Asterisk does not tell it');
      const waiting = known.filter(({ maxInitialDelaySeconds }) => (maxInitialDelaySeconds ?? 0) > 0);
      if (waiting.length === 0) return passed(`${known.length} registrations begin at once`);
      const most = Math.max(...waiting.map(({ maxInitialDelaySeconds }) => maxInitialDelaySeconds ?? 0));
      return failed(`${named(waiting.map(({ name }) => name))} may wait up to ${most} s before the first REGISTER`);
    }),
};

const trunksRegistered: Definition = {
  id: 'trunks-registered',
  about: 'Every trunk that registers, to a provider or a media server, is registered by the node that serves.',
  // A provider that is down says nothing of the pair.
  severity: 'advice',
  scope: 'node',
  ...PACE.slow,
  remedy: 'See `pjsip show registrations` (chan_sip: `sip show registry`), the other side, and the way there.',
  try: (around) =>
    withSurvey(around, async ({ registrations }) => {
      if (registrations.length === 0) return notApplicable('no trunk registers');
      const asked = await around.agent();
      if (!asked.ok) return unknown(asked.error.message);
      if (asked.value.server !== 'this') return notApplicable('this node does not serve: it registers nowhere');
      const open = registrations.filter(({ status }) => status !== null && status !== 'Registered');
      if (open.length === 0) return passed(`${registrations.length} are registered`);
      return failed(
        open
          .slice(0, 5)
          .map(({ name, status }) => `${name}: ${status}`)
          .join(', '),
      );
    }),
};

const LONGEST_EXPIRY_SECONDS = 300;

const trunkExpiry: Definition = {
  id: 'trunk-expiry',
  about: 'Registrations of trunks expire in less than 300 s, so that a provider does not hold on to a dead node.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy:
    'Write `expiration = 240` or less into each `type = registration` section, then `pjsip reload`; with chan_sip `~240` behind the `register` line.',
  try: (around) =>
    withSurvey(around, ({ registrations }) => {
      const known = registrations.filter(({ expirySeconds }) => expirySeconds !== null);
      if (known.length === 0) return notApplicable('no trunk registers');
      // Behind a virtual IP the provider finds the new node where the old one was.
      if (around.config.virtualIp !== null) return notApplicable('trunks come from the virtual IP');
      const long = known.filter(({ expirySeconds }) => (expirySeconds ?? 0) >= LONGEST_EXPIRY_SECONDS);
      if (long.length === 0) return passed(`${known.length} registrations expire in time`);
      return failed(
        long
          .slice(0, 5)
          .map(({ name, expirySeconds }) => `${name}: ${expirySeconds} s`)
          .join(', '),
      );
    }),
};

type Limit = AsteriskSurvey['registrars'][number];

/** What values within the limit cost all the same, such as 180, 300, 240 s, which the original's first releases set. */
const costOf = ({ minimumSeconds, defaultSeconds }: Limit): string | null => {
  const costs = [
    ...((minimumSeconds ?? 0) > USUAL.minimumSeconds
      ? [`a phone may not refresh more often than each ${minimumSeconds} s`]
      : []),
    ...((defaultSeconds ?? 0) > USUAL.defaultSeconds
      ? [`one that asks for no time does so each ${defaultSeconds} s only`]
      : []),
  ];
  return costs.length === 0 ? null : `${costs.join(', ')}: it notices a dead node later`;
};

/** As enabling sets them, beside at most 300 s. */
const USUAL = { minimumSeconds: 60, defaultSeconds: 120 } as const;

const phoneExpiry: Definition = {
  id: 'phone-expiry',
  about: 'Registrations of phones expire within 300 s where no virtual IP moves with the service.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy:
    'Set `minimum_expiration = 60`, `maximum_expiration = 300`, `default_expiration = 120` in the AORs (chan_sip: `minexpiry`, `maxexpiry`, `defaultexpiry`) and reload; on XiVO `dualtone xivo enable` does.',
  try: (around) =>
    withSurvey(around, ({ registrars }) => {
      if (around.config.virtualIp !== null)
        return notApplicable('phones find the virtual IP again, whatever they wait for');
      const known = registrars.filter(({ maximumSeconds }) => maximumSeconds !== null);
      if (known.length === 0) return notApplicable('no phone registers here');
      const long = known.filter(({ maximumSeconds }) => (maximumSeconds ?? 0) > LONGEST_EXPIRY_SECONDS);
      if (long.length === 0) {
        const dear = known.find((each) => costOf(each) !== null);
        const cost = dear === undefined ? '' : `; ${dear.name}: ${costOf(dear)}`;
        return passed(`${known.length} registrars expire within ${LONGEST_EXPIRY_SECONDS} s${cost}`);
      }
      const worst = Math.max(...long.map(({ maximumSeconds }) => maximumSeconds ?? 0));
      return failed(`${named(long.map(({ name }) => name))} let a phone believe in a dead node for up to ${worst} s`);
    }),
};

const everywhere = (bind: string): boolean => /^(0\.0\.0\.0|\[::\]):\d+$/.test(bind);

const passiveMute: Definition = {
  id: 'passive-is-mute',
  about: 'A warm Asterisk on the passive node is mute: it takes no trunk and answers no phone.',
  severity: 'critical',
  scope: 'node',
  ...PACE.slow,
  remedy:
    'Set `gate.enforce: true`, or bind the transports to the virtual IP (`net.ipv4.ip_nonlocal_bind = 1`), or use `telephony: cold`.',
  try: (around) =>
    withSurvey(around, ({ transports }) => {
      const { gate, telephony, virtualIp } = around.config;
      if (telephony === 'cold') return notApplicable('it does not run on the passive node');
      const outside = transports.filter(
        ({ bind }) => !gate.sipPorts.includes(Number(bind.slice(bind.lastIndexOf(':') + 1))),
      );
      if (gate.enforce && outside.length > 0)
        return failed(
          `${outside.map(({ name, bind }) => `${name} (${bind})`).join(', ')} speaks beside the gate`,
          'Add its port to `gate.sip-ports` on both nodes.',
        );
      if (gate.enforce) return passed('the kernel gate holds its ports');
      const virtual = (virtualIp?.addresses ?? []).map((cidr) => cidr.slice(0, cidr.indexOf('/')));
      const loud = transports.filter(
        ({ bind }) =>
          everywhere(bind) || !virtual.some((host) => bind.startsWith(isIPv4(host) ? `${host}:` : `[${host}]:`)),
      );
      if (loud.length === 0) return passed('its transports are bound to the virtual IP');
      return failed(`${loud.map(({ name, bind }) => `${name} is bound to ${bind}`).join(', ')}, and no gate holds it`);
    }),
};

/** Of one half of a call: measured, with a telephone that hears a recording. */
const FILES_A_HALF = 4;
/** Below it a server that is not small is in danger. */
const FILES_ENOUGH = 4096;

/** What the kernel lets the running one have; null: it does not run, or does not tell. */
const openFilesMost = (around: Around): number | null => {
  const pid = readSystemFile(around, 'run/asterisk/asterisk.pid')?.trim() ?? '';
  const limits = /^\d+$/.test(pid) ? readSystemFile(around, join('proc', pid, 'limits')) : null;
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits ?? '')?.[1];
  if (soft === undefined) return null;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
};

const openFiles: Definition = {
  id: 'asterisk-open-files',
  about: 'Asterisk may open files enough for many calls: four for each half of a call.',
  severity: 'advice',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Write `maxfiles = 65536` under [options] of asterisk.conf, and restart Asterisk while its node is passive.',
  try: async (around) => {
    const off = await mayBeOff(around);
    if (off !== null) return notApplicable(off);
    const most = openFilesMost(around);
    if (most === null) return unknown('what it may open is not found: /run/asterisk/asterisk.pid leads nowhere');
    if (most >= FILES_ENOUGH) return passed(most === Number.POSITIVE_INFINITY ? 'without limit' : `${most} files`);
    const halves = Math.floor(most / FILES_A_HALF);
    return failed(`${most} files: with some ${halves} halves of calls it refuses the next (488)`);
  },
};

const versionsAgree: Definition = {
  id: 'asterisk-versions-agree',
  about: 'Both nodes run the same version of Asterisk.',
  severity: 'warning',
  scope: 'pair',
  ...PACE.slow,
  remedy: 'Upgrade the older one while it is passive.',
  try: (around) =>
    withSurvey(around, async ({ version }) => {
      const facts = await around.peer.facts();
      if (!facts.ok) return unknown(facts.error.message);
      const there = facts.value.asterisk;
      if (there === null) return unknown('the other node does not tell of its Asterisk now');
      return there.version === version
        ? passed(`both run ${version}`)
        : failed(`${version} here, ${there.version} there`);
    }),
};

const modulesAgree: Definition = {
  id: 'asterisk-modules-agree',
  about: 'Both nodes have loaded the same modules of Asterisk.',
  severity: 'warning',
  scope: 'pair',
  ...PACE.slow,
  remedy: 'Compare modules.conf and the installed packages of both nodes.',
  try: (around) =>
    withSurvey(around, async ({ modules }) => {
      const facts = await around.peer.facts();
      if (!facts.ok) return unknown(facts.error.message);
      const there = facts.value.asterisk?.modules ?? [];
      if (there.length === 0 || modules.length === 0) return unknown('one of the two does not tell its modules');
      const onlyHere = modules.filter((name) => !there.includes(name));
      const onlyThere = there.filter((name) => !modules.includes(name));
      if (onlyHere.length + onlyThere.length === 0) return passed(`${modules.length} modules on both`);
      const parts = [
        ...(onlyHere.length > 0 ? [`only here: ${named(onlyHere)}`] : []),
        ...(onlyThere.length > 0 ? [`only there: ${named(onlyThere)}`] : []),
      ];
      return failed(parts.join('; '));
    }),
};

export const asteriskChecks: readonly Definition[] = [
  manager,
  answersSip,
  probeEndpoint,
  passiveMute,
  registrationDelay,
  trunksRegistered,
  trunkExpiry,
  phoneExpiry,
  openFiles,
  versionsAgree,
  modulesAgree,
];
