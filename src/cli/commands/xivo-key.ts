/** `dualtone xivo key`: what lets this node in at Edge and the contact centres. */
import type { FarPlace, HostFound } from '../../switcher/far-keys.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createPrompter } from '../prompt.ts';
import { type CommonOptions, type Output, orEnd } from '../target.ts';
import { configOf } from './replicate.ts';

export interface KeyOptions extends CommonOptions {
  /** Keeps the host keys that were found without asking. */
  readonly yes?: boolean;
}

interface Shown {
  readonly name: string;
  readonly address: string;
  readonly state: HostFound['state'] | 'kept' | 'not-reached';
  readonly fingerprints: readonly string[];
  readonly trouble: string | null;
  /** For `authorized_keys` there. */
  readonly line: string;
}

/** Asks about one host, and keeps its keys where a person says so. */
const lookAt = async (
  place: FarPlace,
  line: string,
  knownHostsFile: string,
  options: KeyOptions,
  output: Output,
): Promise<Shown> => {
  const { findHost, keepHost } = await import('../../switcher/far-keys.ts');
  const shown = { name: place.name, address: place.address, line };
  const found = await findHost(place, knownHostsFile);
  if (!found.ok) return { ...shown, state: 'not-reached', fingerprints: [], trouble: found.error.message };
  const { state, fingerprints } = found.value;
  if (state === 'other') {
    const trouble = `Other host keys than those are known for it: ${knownHostsFile}. If it was installed anew, take out its line.`;
    return { ...shown, state, fingerprints, trouble };
  }
  if (state === 'known') return { ...shown, state, fingerprints, trouble: null };
  const prompter = createPrompter(options.yes !== true && options.json !== true);
  if (options.json !== true) output.out(`${place.name} (${place.address}): ${fingerprints.join(', ')}\n`);
  const isRight = options.yes === true || (prompter.isThere && (await prompter.confirm('Are these its own keys?')));
  if (!isRight)
    return { ...shown, state, fingerprints, trouble: 'Its host keys are not kept: compare them and repeat.' };
  const kept = keepHost(found.value, knownHostsFile);
  return { ...shown, state: kept.ok ? 'kept' : state, fingerprints, trouble: kept.ok ? null : kept.error.message };
};

/** `dualtone xivo key`. */
export const key = async (options: KeyOptions, output: Output): Promise<ExitCode> => {
  const { farPlacesOf, forcedLine, ownKey } = await import('../../switcher/far-keys.ts');
  const config = await configOf(options, output);
  const { keyFile, knownHostsFile } = config.switches;
  const places = farPlacesOf(config);
  const own = orEnd(await ownKey(keyFile, config.node.name), options, output);
  const hosts: Shown[] = [];
  for (const place of places)
    hosts.push(await lookAt(place, forcedLine(place, own.key), knownHostsFile, options, output));
  const isWell = hosts.every(({ trouble }) => trouble === null);
  if (options.json === true) output.out(`${JSON.stringify({ ok: isWell, keyFile, made: own.made, hosts })}\n`);
  else {
    output.out(`${keyFile} ${own.made ? 'was made' : 'is this node’s key'}.\n`);
    if (hosts.length === 0) output.out('`switches` names no host that is reached with it.\n');
    for (const { name, address, line, trouble } of hosts) {
      output.out(`${name} (${address}), in authorized_keys of its user:\n  ${line}\n`);
      if (trouble !== null) output.err(`  ! ${trouble}\n`);
    }
    if (hosts.length > 0) output.out('Then `dualtone check --only switches-could-move` tries it, on both nodes.\n');
  }
  return isWell ? EXIT.ok : EXIT.warning;
};
