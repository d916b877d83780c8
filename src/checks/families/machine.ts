/** Checks of this machine: its disks, its journal, its clock. */
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { journalPath } from '../../config/config.ts';
import { type Around, readSystemFile } from '../around.ts';
import { judgeCertificate } from '../certificate.ts';
import { type Definition, failed, notApplicable, PACE, passed, type Said, unknown } from '../check.ts';
import { verifyAside } from '../verify-aside.ts';

const TMPFS = 0x01021994;
const RAMFS = 0x858458f6;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

/** Writes, syncs and takes away a small file; null: it can. */
const writeTrouble = (directory: string): string | null => {
  const path = join(directory, `.check-${process.pid}`);
  try {
    const file = openSync(path, 'w', 0o600);
    try {
      writeSync(file, 'dualtone\n');
      fsyncSync(file);
    } finally {
      closeSync(file);
      rmSync(path, { force: true });
    }
    return null;
  } catch (error) {
    return `${directory}: ${codeOf(error)}`;
  }
};

const placesWritable: Definition = {
  id: 'state-writable',
  about: 'What must be remembered can be written: `state-dir` and `run-dir`.',
  severity: 'critical',
  scope: 'node',
  ...PACE.usual,
  remedy: 'Make space, mount it writable, or see to its owner: the agent must write there.',
  try: async ({ config: { stateDir, runDir } }) => {
    const troubles = [stateDir, runDir].map(writeTrouble).filter((each) => each !== null);
    return troubles.length > 0
      ? failed(`cannot be written: ${troubles.join(', ')}`)
      : passed(`${stateDir} and ${runDir}`);
  },
};

const runOnTmpfs: Definition = {
  id: 'run-dir-on-tmpfs',
  about: 'What is written at each heartbeat (`run-dir`) goes to memory, not to a disk that may be slow.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Set `run-dir` to a place below /run.',
  try: async ({ config: { runDir } }) => {
    const { type } = statfsSync(runDir);
    return type === TMPFS || type === RAMFS ? passed(`${runDir} is on tmpfs`) : failed(`${runDir} is on a disk`);
  },
};

const LOW_BYTES = 512 * 1024 ** 2;
const LOW_SHARE = 0.05;

/** Places where the pair writes, with what writes there. */
const placesOf = ({ config }: Around): readonly (readonly [string, string])[] => {
  const { stateDir, streams } = config;
  return [
    [stateDir, 'state and journal'],
    ...(streams.database.mode === 'off' ? [] : ([['/var/lib/postgresql', 'database']] as const)),
    ...(streams.voicemail.enabled ? ([[streams.voicemail.directory, 'voicemail']] as const) : []),
    ...streams.files.directories.map((path) => [path, 'files'] as const),
    ...streams.collected.map((path) => [path, 'collected files'] as const),
    ['/var/spool/asterisk', 'spool'],
    ['/var/log', 'logs'],
  ];
};

const spaceTrouble = (path: string, what: string): string | null => {
  let found: ReturnType<typeof statfsSync>;
  try {
    found = statfsSync(path);
  } catch {
    // A place that is not there needs no space.
    return null;
  }
  const { bsize, bavail, blocks, files, ffree } = found;
  const free = bavail * bsize;
  // Where everything is small, half a gigabyte is not asked for.
  const low = Math.min(LOW_BYTES, blocks * bsize * LOW_SHARE);
  if (free < low) return `${path} (${what}): ${Math.floor(free / 1024 ** 2)} MiB free`;
  return files > 0 && ffree < files * 0.01 ? `${path} (${what}): ${ffree} inodes free` : null;
};

/** What is short of space among these places; one sentence each. */
export const spaceTroubles = (places: readonly (readonly [string, string])[]): readonly string[] =>
  places.map(([path, what]) => spaceTrouble(path, what)).filter((each) => each !== null);

const diskSpace: Definition = {
  id: 'disk-space',
  about: 'There is space for state, journal, database, spool and whatever follows.',
  severity: 'warning',
  scope: 'node',
  ...PACE.usual,
  remedy: 'Make space there: a full disk stops copies, voicemail and recordings.',
  try: async (around) => {
    const places = [...new Map(placesOf(around)).entries()];
    const troubles = spaceTroubles(places);
    return troubles.length === 0 ? passed(`${places.length} places have space`) : failed(troubles.join(', '));
  },
};

const journalVerifies: Definition = {
  id: 'journal-verifies',
  about: "The journal's chain is whole: nothing of it was changed or is missing.",
  severity: 'warning',
  scope: 'node',
  ...PACE.rare,
  remedy: 'Keep the files as they are, and compare them with a backup: `dualtone journal verify`.',
  try: async ({ config }, signal) => {
    const verified = await verifyAside(journalPath(config), signal);
    if (verified.ok) return passed(`${verified.value.entries} entries`);
    const { code, message } = verified.error;
    if (code === 'journal-missing') return notApplicable('there is no journal yet');
    return code === 'journal-broken' ? failed(message) : unknown(message);
  },
};

const journalWritten: Definition = {
  id: 'journal-written',
  about: 'The journal and the memory of the agent are written to disk.',
  severity: 'warning',
  scope: 'node',
  ...PACE.quick,
  remedy: 'See to the disk of `state-dir`: what cannot be written is kept in memory only.',
  try: async ({ agent }) => {
    const asked = await agent();
    if (!asked.ok) return unknown(asked.error.message);
    const troubles = [asked.value.journal.trouble, asked.value.agent.memoryTrouble].filter((each) => each !== null);
    return troubles.length === 0 ? passed('both are') : failed(troubles.join('; '));
  },
};

/** `chronyc -c tracking`: reference, stratum, … ; the last field is the leap status. */
const chronyState = async ({ run }: Around, signal: AbortSignal): Promise<Said | null> => {
  const asked = await run(['chronyc', '-c', 'tracking'], { timeoutMs: 4000, signal });
  if (!asked.ok || asked.value.exitCode !== 0) return null;
  const fields = asked.value.stdout.trim().split(',');
  const leap = fields.at(-1) ?? '';
  if (fields.length < 10) return null;
  if (leap === 'Not synchronised') return failed('chrony runs and is not synchronised');
  const offset = Number(fields[4]);
  return passed(`chrony, ${Number.isFinite(offset) ? `${(Math.abs(offset) * 1000).toFixed(1)} ms off` : leap}`);
};

const timedateState = async (around: Around, signal: AbortSignal): Promise<Said> => {
  const argv = ['timedatectl', 'show', '--property', 'NTPSynchronized,NTP'];
  const asked = await around.run(argv, { timeoutMs: 4000, signal });
  if (!asked.ok) return unknown(asked.error.message);
  const { stdout, exitCode, stderr } = asked.value;
  // systemd's own service leaves a mark, which tells where there is no message bus to ask.
  const isMarked = readSystemFile(around, 'run/systemd/timesync/synchronized') !== null;
  if (exitCode !== 0 && isMarked) return passed('systemd-timesyncd has synchronised the clock');
  if (exitCode !== 0) return unknown(`timedatectl: ${stderr.trim().split('\n')[0] ?? ''}`);
  if (/^NTPSynchronized=yes$/m.test(stdout)) return passed('the kernel says that its clock is synchronised');
  return failed(
    /^NTP=yes$/m.test(stdout)
      ? 'a time service runs and is not synchronised'
      : 'no time service keeps this clock right',
  );
};

const timeSynchronised: Definition = {
  id: 'time-synchronised',
  about: 'A time service keeps the clock of this node right.',
  severity: 'warning',
  scope: 'node',
  // A clock that nothing keeps right drifts by seconds in a day; that both nodes' clocks agree is another check's.
  everyMs: PACE.rare.everyMs / 2,
  timeoutMs: PACE.slow.timeoutMs,
  remedy: 'Install and start one: apt-get install chrony; see `chronyc sources` or `timedatectl timesync-status`.',
  try: async (around, signal) => (await chronyState(around, signal)) ?? timedateState(around, signal),
};

const webCertificate: Definition = {
  id: 'web-certificate-valid',
  about: 'The certificate of the page is valid for two weeks more.',
  severity: 'warning',
  scope: 'node',
  ...PACE.rare,
  remedy: 'Put a new one in its place (`web.certificate`); it is read again by itself.',
  try: async ({ config, clock }) => {
    const { listen, certificate } = config.web;
    if (listen.length === 0) return notApplicable('no page is served here');
    return certificate === null
      ? notApplicable('it makes its own, and renews it')
      : judgeCertificate(certificate, clock.wall());
  },
};

export const machineChecks: readonly Definition[] = [
  placesWritable,
  runOnTmpfs,
  diskSpace,
  journalWritten,
  journalVerifies,
  timeSynchronised,
  webCertificate,
];
