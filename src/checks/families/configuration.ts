/** Checks of the configuration: in force, the same on both nodes, its secrets kept. */
import { readFileSync, statSync } from 'node:fs';
import { type Config, isCopying } from '../../config/config.ts';
import type { Around } from '../around.ts';
import { type Definition, failed, notApplicable, PACE, passed, type Said, unknown } from '../check.ts';
import { digestOf } from '../digest.ts';
import { agreementOf, disagreements } from '../facts.ts';
import { programIsThere, programsOf } from '../preflight.ts';

const textAt = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** The parser takes 20 MB that are never given back: it is loaded when the file has changed. */
const judgeFile = async (path: string, inForce: string): Promise<Said> => {
  const { loadConfig } = await import('../../config/machine.ts');
  const parsed = loadConfig(path);
  if (parsed.ok)
    return digestOf(parsed.config) === inForce
      ? passed(`${path} is valid and in force`)
      : failed(`${path} was changed since the agent was started`);
  const [first] = parsed.problems;
  const more = parsed.problems.length > 1 ? ` (and ${parsed.problems.length - 1} more)` : '';
  return failed(
    `${path} is invalid, so that the agent would not start again: line ${first?.line ?? 0}: ${first?.message ?? ''}${more}`,
    `Run \`dualtone config check ${path}\` and mend what it names.`,
  );
};

const configurationInForce = (): Definition => {
  let judged: { readonly text: string; readonly said: Said } | null = null;
  return {
    id: 'configuration-in-force',
    about: 'The configuration file is valid, and is what the agent runs with.',
    severity: 'warning',
    scope: 'node',
    ...PACE.usual,
    remedy: 'Restart the agent, which costs no call: `systemctl restart dualtone`.',
    try: async ({ config, configPath, configText, configInForce }: Around) => {
      if (configPath === null) return notApplicable('the configuration was not read from a file');
      const inForce = configInForce() ?? digestOf(config);
      const text = textAt(configPath);
      if (text === null)
        return failed(`${configPath} cannot be read`, 'Put it back: without it the agent does not start again.');
      // The text that this program itself began with is valid.
      if (text === configText)
        return inForce === digestOf(config)
          ? passed(`${configPath} is valid and in force`)
          : failed(`${configPath} was changed since the agent was started`);
      if (judged?.text !== text) judged = { text, said: await judgeFile(configPath, inForce) };
      return judged.said;
    },
  };
};

const agrees: Definition = {
  id: 'configuration-agrees',
  about:
    'Both nodes agree about the pair: names, addresses, opposite roles, times, arbiter, virtual IP, services, streams.',
  severity: 'critical',
  scope: 'pair',
  ...PACE.usual,
  remedy: 'Make the two files agree in what is named, then restart the agents: `systemctl restart dualtone`.',
  try: async ({ config, peer }) => {
    const facts = await peer.facts();
    if (!facts.ok) return unknown(facts.error.message);
    const found = disagreements(agreementOf(config), facts.value.agreement);
    if (found.length === 0) return passed(`all of ${Object.keys(facts.value.agreement).length} keys are the same`);
    const shown = found.slice(0, 4).map(({ key, here, there }) => `${key} is "${here}" here and "${there}" there`);
    const more = found.length > 4 ? `, and ${found.length - 4} more` : '';
    return failed(`${shown.join('; ')}${more}`);
  },
};

const versions: Definition = {
  id: 'versions-agree',
  about: 'Both nodes run the same version of Dualtone.',
  severity: 'warning',
  scope: 'pair',
  ...PACE.usual,
  remedy: 'Upgrade the older one; restart its agent, which costs no call.',
  try: async ({ program, peer }) => {
    const facts = await peer.facts();
    if (!facts.ok) return unknown(facts.error.message);
    const there = facts.value.program;
    return there === program ? passed(`both run ${program}`) : failed(`${program} here, ${there} there`);
  },
};

/** Files with secrets that this configuration uses, with what to do where one is missing. */
const secretFiles = ({
  keyFile,
  identityFile,
  peer,
  arbiter,
  probes,
  streams,
  node,
}: Config): readonly (readonly [string, string])[] => {
  const copying = streams.files.enabled || streams.voicemail.enabled || streams.collected.length > 0;
  const ssh = node.role === 'main' && (copying || streams.link === 'ssh' || streams.database.via === 'ssh');
  return [
    [keyFile, 'make it on one node with `dualtone key generate`, and copy it to the others'],
    ...(peer.pin === null ? [] : ([[identityFile, 'run `dualtone join`, which makes it']] as const)),
    ...(arbiter.kind === 'etcd'
      ? ([[arbiter.passwordFile, 'write the password of the user of etcd into it, mode 0600']] as const)
      : []),
    ...(arbiter.kind !== 'checkpoints'
      ? []
      : arbiter.checkpoints.flatMap((checkpoint) =>
          checkpoint.keyFile === undefined
            ? []
            : ([[checkpoint.keyFile, `run \`dualtone join\` on ${checkpoint.name}, which makes it`]] as const),
        )),
    ...(probes.ami === null
      ? []
      : ([[probes.ami.secretFile, 'write the secret of manager.conf into it, mode 0600']] as const)),
    ...(streams.astdb.ari === null
      ? []
      : ([[streams.astdb.ari.secretFile, 'write the password of ari.conf into it, mode 0600']] as const)),
    ...(streams.database.mode === 'off'
      ? []
      : ([[streams.database.passwordFile, 'run `dualtone database setup`, which makes it']] as const)),
    ...(ssh ? ([[streams.ssh.keyFile, 'run `dualtone sync init`, which makes it']] as const) : []),
  ];
};

/** What is wrong with the secrets of this configuration: sentence and remedy. */
const secretTroubles = (config: Config): readonly { readonly message: string; readonly remedy: string }[] =>
  secretFiles(config).flatMap(([file, howToMake]) => {
    try {
      const { mode, uid } = statSync(file);
      const shown = (mode & 0o7777).toString(8).padStart(4, '0');
      if ((mode & 0o077) !== 0)
        return [{ message: `${file} has mode ${shown}: others can read or change it`, remedy: `chmod 0600 ${file}` }];
      if (uid !== 0 && uid !== process.getuid?.())
        return [{ message: `${file} belongs to user ${uid}`, remedy: `chown root ${file}` }];
      return [];
    } catch {
      return [{ message: `${file} does not exist or cannot be seen`, remedy: howToMake }];
    }
  });

const secrets: Definition = {
  id: 'secrets-private',
  about: 'Keys and passwords are there, belong to root, and nobody else may read them.',
  severity: 'warning',
  scope: 'node',
  ...PACE.usual,
  remedy: 'Run `chmod 0600` and `chown root` on what is named, or make it.',
  try: async ({ config }) => {
    const found = secretTroubles(config);
    const [first] = found;
    if (first === undefined) return passed(`${secretFiles(config).length} files are private`);
    return failed(found.map(({ message }) => message).join('; '), first.remedy);
  },
};

const programs: Definition = {
  id: 'programs-present',
  about: 'Every program that a takeover or a copy needs is installed.',
  severity: 'critical',
  scope: 'node',
  ...PACE.slow,
  remedy:
    'Install what is named: apt-get install nftables iproute2 iputils-arping fping rsync openssh-client, as needed.',
  try: async ({ config }) => {
    const wanted = [...programsOf(config), ...(isCopying(config) ? ['chrt'] : []), ...copyPrograms(config)];
    const absent = [...new Set(wanted)].filter((each) => !programIsThere(each));
    return absent.length === 0
      ? passed(`${new Set(wanted).size} programs are there`)
      : failed(`missing: ${absent.join(', ')}`);
  },
};

const copyPrograms = ({ streams: { files, voicemail, collected, link, database } }: Config): readonly string[] => {
  const rsync = files.enabled || voicemail.enabled || collected.length > 0;
  const ssh = rsync || link === 'ssh' || (database.mode !== 'off' && database.via === 'ssh');
  return [...(rsync ? ['rsync'] : []), ...(ssh ? ['ssh'] : [])];
};

export const configurationChecks = (): readonly Definition[] => [
  configurationInForce(),
  agrees,
  versions,
  secrets,
  programs,
];
