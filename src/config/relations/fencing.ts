import type { Config } from '../config.ts';
import type { Clash } from './clash.ts';

type Sections = Partial<Config>;

/** Dualtone's own, or what would write secrets into a file. */
const RESERVED = new Set([
  'action',
  'option',
  'verbose',
  'debug',
  'debug_file',
  'quiet',
  'version',
  'help',
  'verbose_level',
]);
const SECRET = /passw|secret|token|passphrase/i;
/** Says where the secret is, not what. */
const NO_SECRET = /(_file|_script)$|^(snmp_sec_level|password_script|passwd_script)$/;

const nameOf = (option: string): string => option.slice(0, option.indexOf('='));

type Path = Clash['path'];
type Device = NonNullable<Config['fencing']>['levels'][number]['devices'][number];

const optionClashes = ({ options, secrets }: Device, path: Path): readonly Clash[] => {
  const clashes: Clash[] = [];
  options.forEach((option, index) => {
    const parameter = nameOf(option);
    const at = [...path, 'options', index];
    if (RESERVED.has(parameter))
      clashes.push({
        path: at,
        message: `${parameter} is not for the file: Dualtone says what is to be done`,
        remedy: 'leave it out',
      });
    else if (SECRET.test(parameter) && !NO_SECRET.test(parameter))
      clashes.push({
        path: at,
        message: `${parameter} would stand in the configuration, which is shown`,
        remedy: `write it into a file of mode 0600, and give \`secrets: [{ option: ${parameter}, file: /etc/dualtone/… }]\``,
      });
  });
  const given = [...options.map(nameOf), ...secrets.map(({ option }) => option)];
  const twice = given.find((parameter, index) => given.indexOf(parameter) !== index);
  if (twice !== undefined) clashes.push({ path, message: `${twice} is given twice`, remedy: 'keep one of them' });
  return clashes;
};

/** Contradictions about devices that turn the other node off. */
export const fencingClashes = ({ fencing }: Sections): readonly Clash[] => {
  if (fencing === undefined || fencing === null) return [];
  const seen = new Set<string>();
  return fencing.levels.flatMap(({ devices }, level) =>
    devices.flatMap((device, index) => {
      const path = ['fencing', 'levels', level, 'devices', index];
      const again = seen.has(device.name)
        ? [
            {
              path: [...path, 'name'],
              message: `two devices are called ${device.name}`,
              remedy: 'give each its own name',
            },
          ]
        : [];
      seen.add(device.name);
      return [...again, ...optionClashes(device, path)];
    }),
  );
};

/** They run `ipmitool -P PASSWORD` (fence-agents 4.12.1). */
const BY_IPMITOOL = /^fence_(ipmilan|ipmilanplus|ilo3|ilo4|ilo5|idrac|imm)$/;

const argumentNotes = ({ levels }: NonNullable<Config['fencing']>): readonly string[] =>
  levels
    .flatMap(({ devices }) => devices)
    .filter(({ agent, secrets }) => BY_IPMITOOL.test(agent) && secrets.length > 0)
    .map(
      ({ name, agent }) =>
        `${agent} hands the password of ${name} to ipmitool as an argument, which local users can see while it runs; docs/fencing.md has what helps`,
    );

/** What is allowed and deserves a word. */
export const fencingNotes = ({ fencing, arbiter }: Config): readonly string[] => {
  if (fencing === null) return [];
  const votes = arbiter.kind === 'checkpoints' && arbiter.checkpoints.some(({ kind }) => kind === 'voter');
  const notes = [...argumentNotes(fencing)];
  if (votes && fencing.unheardMs === null)
    notes.push('fencing.unheard is null: with checkpoints that vote the devices are asked only if those stay lost');
  return notes;
};
