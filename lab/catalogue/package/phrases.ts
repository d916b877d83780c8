/** Sentences of which the scenarios of the package are made. */
import { type LabVersion, labVersions, packagePath } from '../../package/packages.ts';
import { STANDING } from '../../package/standing.ts';
import type { Deed } from '../../scenarios/scenario.ts';
import { exec, says } from '../phrases.ts';

/** Unpacking, and the first start of a program that is not compiled, on a busy machine. */
const WITHIN_MS = 120_000;

export const installs = (on: string, version: LabVersion): Deed => ({
  do: 'exec',
  on,
  argv: ['dpkg', '--install', packagePath(version)],
  withinMs: WITHIN_MS,
});

/** A program that must refuse, and say why. */
export const isRefused = (what: string, on: string, argv: readonly string[], why: RegExp): Deed => ({
  do: 'exec',
  on,
  argv,
  withinMs: WITHIN_MS,
  refusal: { what, says: why },
});

/** The agent, or the checkpoint, of this host runs from the package from now on, not from the repository. */
export const runsFromPackage = (on: string, version: LabVersion): readonly Deed[] => {
  const unit = on.startsWith('checkpoint') ? 'dualtone-checkpoint.service' : 'dualtone.service';
  const own = [unit, 'dualtone-gate.service'].map((name) => `/etc/systemd/system/${name}`);
  return [
    installs(on, version),
    exec(on, ['rm', '-f', ...own]),
    { do: 'systemctl', on, argv: ['daemon-reload'] },
    { do: 'systemctl', on, argv: ['restart', unit] },
  ];
};

/** Not what is on the disk, but what runs. */
export const agentIs = (on: string, version: LabVersion): Deed =>
  says(
    `the agent of the ${on} is ${labVersions[version]}`,
    on,
    ['/usr/bin/dualtone', 'status', '--json'],
    new RegExp(`dualtone ${labVersions[version].replaceAll('.', String.raw`\.`)}`),
    15_000,
  );

/** What was written down by `dualtone`'s lab before the package came. */
export const standsAsBefore = (on: string): Deed => ({
  do: 'expect',
  what: `the ${on} is as it was before the package came`,
  on,
  argv: ['sh', '-s'],
  input: `(\n${STANDING}) | diff /root/standing-before - && echo all the same`,
  says: /all the same$/,
  withinMs: 10_000,
});
