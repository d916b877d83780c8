/** `dualtone fence`: the devices that turn the other node off, asked and tried by a person. Without the agent, but for who serves. */
import type { Config } from '../../config/config.ts';
import { createAskDevice, type FenceDevice } from '../../fencing/device.ts';
import { turnOffByLevels } from '../../fencing/levels.ts';
import { parameterTroubles, readMetadata } from '../../fencing/metadata.ts';
import { run } from '../../process/run.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type CommonOptions, type Output, orEnd, showFault, socketOf } from '../target.ts';
import { askedBy } from './pair-acts.ts';
import { configOf } from './replicate.ts';

const ask = createAskDevice(run);
/** Together with what the devices may take themselves. */
const TEST_MS = 300_000;

interface Row {
  readonly name: string;
  readonly agent: string;
  readonly level: number;
  readonly power: 'on' | 'off' | null;
  readonly tookMs: number;
  readonly trouble: string | null;
  readonly remedy: string | null;
}

type Levels = NonNullable<Config['fencing']>['levels'];

const levelsOf = async (options: CommonOptions, output: Output): Promise<{ config: Config; levels: Levels } | null> => {
  const config = await configOf(options, output);
  if (config.fencing !== null) return { config, levels: config.fencing.levels };
  const fault = {
    code: 'fence-not-configured',
    message: 'No device turns the other node off.',
    remedy: 'Configure `fencing` in its file; see docs/fencing.md.',
  };
  showFault(fault, options, output);
  return null;
};

const parameterTrouble = async (device: FenceDevice): Promise<string | null> => {
  const xml = await ask.metadata(device);
  if (!xml.ok) return xml.error.message;
  const about = readMetadata(xml.value);
  if (!about.ok) return about.error.message;
  return parameterTroubles(device, about.value).join('; ') || null;
};

const rowOf = async (device: FenceDevice, level: number): Promise<Row> => {
  const { name, agent } = device;
  const trouble = await parameterTrouble(device);
  const begun = performance.now();
  const said = await ask.power(device);
  const tookMs = Math.round(performance.now() - begun);
  const row = { name, agent, level, tookMs };
  if (said.ok)
    return { ...row, power: said.value, trouble, remedy: trouble === null ? null : 'dualtone fence metadata' };
  const text = [trouble, said.error.message].filter((each) => each !== null).join('; ');
  return { ...row, power: null, trouble: text, remedy: said.error.remedy };
};

/** `dualtone fence status`: each device is asked for the power of the other node, and nothing is switched. */
export const status = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const found = await levelsOf(options, output);
  if (found === null) return EXIT.refused;
  const rows = await Promise.all(
    found.levels.flatMap(({ devices }, index) => devices.map((device) => rowOf(device, index + 1))),
  );
  const isWell = rows.every(({ trouble }) => trouble === null);
  if (options.json === true)
    output.out(`${JSON.stringify({ ok: isWell, peer: found.config.peer.name, devices: rows })}\n`);
  else
    for (const { name, agent, level, power, tookMs, trouble, remedy } of rows) {
      const said = power === null ? 'no answer' : `${found.config.peer.name} is ${power}`;
      output.out(`  level ${level}  ${name.padEnd(16)} ${agent.padEnd(20)} ${said} (${tookMs} ms)\n`);
      if (trouble !== null) output.out(`      ! ${trouble}\n        ${remedy ?? ''}\n`);
    }
  return isWell ? EXIT.ok : EXIT.warning;
};

/** `dualtone fence metadata [AGENT]`: the parameters that an agent knows; without a name those of the configured ones. */
export const metadata = async (
  agent: string | undefined,
  options: CommonOptions,
  output: Output,
): Promise<ExitCode> => {
  let agents = agent === undefined ? [] : [agent];
  if (agent === undefined) {
    const found = await levelsOf(options, output);
    if (found === null) return EXIT.refused;
    agents = [...new Set(found.levels.flatMap(({ devices }) => devices.map((device) => device.agent)))];
  } else if (!/^fence_[a-z0-9_]{1,60}$/.test(agent)) {
    const message = `"${agent}" is not the name of a fence agent`;
    return showFault({ code: 'fence-agent-odd', message, remedy: 'such as fence_ipmilan' }, options, output);
  }
  for (const name of agents) {
    const device: FenceDevice = { name, agent: name, options: [], secrets: [], timeoutMs: 10_000 };
    const about = orEnd(readMetadata(orEnd(await ask.metadata(device), options, output)), options, output);
    if (options.json === true) {
      output.out(`${JSON.stringify({ ok: true, ...about })}\n`);
      continue;
    }
    output.out(`${about.name}: ${about.about}\n`);
    for (const {
      name: parameter,
      required,
      type,
      default: usual,
      about: text,
      deprecated,
      values,
    } of about.parameters) {
      if (deprecated || parameter === 'action') continue;
      const kind = values.length > 0 ? values.join('|') : type;
      output.out(
        `  ${parameter.padEnd(24)} ${kind.padEnd(10)} ${text}${usual === null ? '' : ` (${usual})`}${required ? ' *' : ''}\n`,
      );
    }
  }
  return EXIT.ok;
};

const previewOf = (peer: string, levels: Levels): string =>
  [
    `This turns ${peer} off and on again, by each level alone:`,
    ...levels.flatMap(({ devices }, index) =>
      devices.map(({ name, agent }) => `  level ${index + 1}: ${name} (${agent})`),
    ),
    `Nothing was switched. To do it: \`dualtone fence test --confirm ${peer}\`, with ${peer} passive.`,
    '',
  ].join('\n');

/** Why the other node must not be turned off now; null: it may. */
const refusalOf = async (options: CommonOptions, output: Output) => {
  const { askSnapshot } = await import('../../api/client.ts');
  const snapshot = orEnd(await askSnapshot(await socketOf(options, output)), options, output);
  if (snapshot.kind === 'node' && snapshot.server === 'this') return null;
  return {
    code: 'fence-would-cut-service',
    message: 'This node does not serve, so the other one may.',
    remedy: 'Test from the node that serves; `dualtone switchover` moves service.',
  };
};

/** `dualtone fence test [--confirm NAME]`: power for real, on the passive node only; without `--confirm` it says what it would do. */
export const test = async (
  options: CommonOptions & { readonly confirm?: string },
  output: Output,
): Promise<ExitCode> => {
  const found = await levelsOf(options, output);
  if (found === null) return EXIT.refused;
  const { name: peer } = found.config.peer;
  if (options.confirm === undefined) {
    output.out(
      options.json === true ? `${JSON.stringify({ ok: true, preview: true, peer })}\n` : previewOf(peer, found.levels),
    );
    return EXIT.ok;
  }
  if (options.confirm !== peer) {
    const message = `"${options.confirm}" is not the name of the other node`;
    return showFault(
      { code: 'not-confirmed', message, remedy: `its name is ${peer}; nothing was switched` },
      options,
      output,
    );
  }
  const refused = await refusalOf(options, output);
  if (refused !== null) return showFault(refused, options, output);
  const { tellAudit } = await import('../../api/client.ts');
  // What is not in the journal is not switched.
  orEnd(await tellAudit(await socketOf(options, output), askedBy(), 'fence-test', peer), options, output);
  return tryLevels(found.levels, options, output);
};

/** Each level by itself, so that the second is known to work without the first. */
const tryLevels = async (levels: Levels, options: CommonOptions, output: Output): Promise<ExitCode> => {
  let isWell = true;
  for (const [index, level] of levels.entries()) {
    const desk = { ask, now: () => 0, expiresAt: 1, signal: AbortSignal.timeout(TEST_MS) };
    const { outcome, detail } = await turnOffByLevels([level], desk);
    const troubles: string[] = [];
    for (const device of level.devices) {
      const on = await ask.turn(device, 'on');
      if (!on.ok) troubles.push(on.error.message);
    }
    isWell &&= outcome === 'off' && troubles.length === 0;
    if (options.json === true)
      output.out(`${JSON.stringify({ ok: outcome === 'off', level: index + 1, outcome, detail, troubles })}\n`);
    else
      output.out(
        [`  level ${index + 1}: ${outcome} (${detail})`, ...troubles.map((text) => `      ! ${text}`), ''].join('\n'),
      );
  }
  return isWell ? EXIT.ok : EXIT.alarm;
};
