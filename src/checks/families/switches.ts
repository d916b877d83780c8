/** Checks of machines outside the pair: they could be moved to this node now, and what both sides must have alike is alike. */
import { randomBytes } from 'node:crypto';
import { isSwitching } from '../../config/config.ts';
import type { Result } from '../../core/result.ts';
import { switchesOf } from '../../switcher/switches.ts';
import { differingSettings, type SettingDigests } from '../../switches/edge/settings-digest.ts';
import { type Definition, failed, notApplicable, PACE, passed, unknown } from '../check.ts';
import { centreDigests, ownDigests } from '../edge-settings.ts';

const couldMove: Definition = {
  id: 'switches-could-move',
  about:
    'Edge, contact centre, boxes and name servers answer this node, and what a switch would change on them is known.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy:
    'Let this node in there with its own key, install the forced command, or correct `switches`; see docs/xivo.md and docs/dns.md.',
  try: async ({ config, run }, signal) => {
    if (!isSwitching(config)) return notApplicable('nothing outside the pair is switched');
    const seen = await Promise.all(
      switchesOf(config, run).map(async (each) => ({ name: each.name, result: await each.preview(signal) })),
    );
    const troubles = seen.flatMap(({ name, result }) => (result.ok ? [] : [`${name}: ${result.error.message}`]));
    if (troubles.length > 0) return failed(troubles.join(' '));
    return passed(seen.map(({ name, result }) => `${name} ${result.ok ? result.value : ''}`).join('; '));
  },
};

const settingsAgree: Definition = {
  id: 'edge-settings-agree',
  about: "Both nodes and both contact centres have Edge's settings alike, the TURN secret too; told by digests only.",
  severity: 'warning',
  scope: 'pair',
  ...PACE.slow,
  remedy: 'Copy the named settings of Edge to the machines that lack them or have others, and restart what reads them.',
  try: async ({ config, run, peer, root }, signal) => {
    const { edge } = config.switches;
    if (edge === null) return notApplicable('there is no Edge');
    if (edge.settings.length === 0) return notApplicable('`switches.edge.settings` names none');
    const facts = await peer.facts();
    // The other node makes the nonce, so that its answer counts for all.
    const theirs = facts.ok ? facts.value.edge : null;
    const nonce = theirs?.nonce ?? randomBytes(16).toString('hex');
    const own = ownDigests(config, nonce, root);
    const all: readonly (readonly [string, Result<SettingDigests>])[] = [
      [config.node.name, own],
      ...(await centreDigests(config, nonce, run, signal)).map(({ name, digests }) => [name, digests] as const),
    ];
    const unheard = all.flatMap(([name, digests]) => (digests.ok ? [] : [`${name}: ${digests.error.message}`]));
    const heard = new Map(all.flatMap(([name, digests]) => (digests.ok ? [[name, digests.value] as const] : [])));
    if (theirs === null) unheard.push(facts.ok ? `${config.peer.name} cannot read its own.` : facts.error.message);
    else heard.set(config.peer.name, theirs.digests);
    const differing = differingSettings(heard).map(({ key, groups, missing }) => {
      const other = groups.length > 1 ? `differs: ${groups.map((names) => names.join(' and ')).join(' / ')}` : '';
      return `${key} ${[other, missing.length > 0 ? `is missing on ${missing.join(', ')}` : ''].filter(Boolean).join(', and ')}`;
    });
    if (differing.length > 0) return failed(differing.join('; '));
    if (unheard.length > 0) return unknown(unheard.join(' '));
    return passed(`${heard.size} machines, ${new Set([...heard.values()].flatMap(Object.keys)).size} settings`);
  },
};

export const switchChecks: readonly Definition[] = [couldMove, settingsAgree];
