/**
 * The machines around a XiVO pair. Real: systemd, sshd, the shipped forced commands, and the Asterisk of a media server. Stand-ins, since
 * none can be had here: `edge-dcomp` and `xivocc-dcomp` (one program of the switches' own tests), the berofos box, Elasticsearch, provd.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DCOMP, FORCED } from '../../src/switches/testing/forced.ts';
import type { HostFile } from '../hosts/files.ts';
import type { LabPlaces } from '../places.ts';

/** Where the stand-in for Compose lies on each, with what it was told and has done. */
export const folderByFar = {
  edge: '/etc/docker/edge',
  'cc-main': '/etc/docker/compose',
  'cc-standby': '/etc/docker/compose',
} as const;
export type ComposeHost = keyof typeof folderByFar;

export const boxUnit = 'lab-berofos.service';
export const elasticUnit = 'lab-elastic.service';
/** One word: how the box is to behave from now on. */
export const boxMoodPath = '/srv/mood';
/** Its settings, as it last changed them. */
export const boxStatePath = '/srv/box';
export const boxLogin = 'admin:lab';
export const provdUnit = 'lab-provd.service';
export const provdPort = 8666;
/** One word: how provd is to behave from now on. */
export const provdMoodPath = '/srv/mood';
/** The pair's main, which its registrars name. */
export const provdMainPath = '/srv/main';
/** What provd holds: a line for each configuration, its keys in order. */
export const provdStatePath = '/srv/configs';
/** Devices that were told to read their configuration again, a line each. */
export const provdToldPath = '/srv/told';
/** What the stand-in for Elasticsearch holds of queues: a line for each event. */
export const elasticStatePath = '/srv/queue_log';

const hostKeyPath = '/etc/ssh/ssh_host_ed25519_key';

/** As Edge's own installer leaves it, with what an editor may have added. */
const edgeEnv = (lab: LabPlaces): string => {
  const [xivo, centre] = [lab.host('main').address.v4, lab.host('cc-main').address.v4];
  return [
    '# Edge, as installed',
    `XIVO_HOST=${xivo}`,
    `XIVOCC_HOST="${centre}" # the contact centre`,
    `TURN_ALLOWED_PEERS=${xivo},${centre},${lab.host('provider').address.v4}`,
    `XIVO_MDS_HOST_DEFAULT=${xivo}`,
    'TURN_SECRET=lab',
    '',
  ].join('\n');
};

const wrapper = (folder: string): string =>
  `#!/bin/sh\n# A stand-in, see ${folder}/dcomp.\nexec ${folder}/dcomp "$@"\n`;

const forcedFile = async (program: 'dualtone-edge' | 'dualtone-cc'): Promise<HostFile> => ({
  path: `/usr/local/sbin/${program}`,
  text: await readFile(join(FORCED, program), 'utf8'),
  mode: 0o755,
});

const keyLine = (program: string, publicKey: string): string =>
  `restrict,command="/usr/local/sbin/${program}" ${publicKey.trim()}\n`;

/** A host with sshd and one forced command for both nodes. */
export const composeFiles = async (
  lab: LabPlaces,
  name: ComposeHost,
  hostKey: string,
  publicKeys: readonly string[],
): Promise<readonly HostFile[]> => {
  const folder = folderByFar[name];
  const program = name === 'edge' ? 'dualtone-edge' : 'dualtone-cc';
  return [
    { path: hostKeyPath, text: hostKey, mode: 0o600 },
    { path: '/root/.ssh/authorized_keys', text: publicKeys.map((key) => keyLine(program, key)).join(''), mode: 0o600 },
    await forcedFile(program),
    { path: `${folder}/dcomp`, text: DCOMP, mode: 0o755 },
    { path: `/usr/local/bin/${name === 'edge' ? 'edge-dcomp' : 'xivocc-dcomp'}`, text: wrapper(folder), mode: 0o755 },
    ...(name === 'edge'
      ? [{ path: `${folder}/.env`, text: edgeEnv(lab) }]
      : [{ path: `${folder}/custom.env`, text: 'TURN_SECRET=lab\n' }]),
  ];
};

/** A program of the lab as a unit of a host. */
export const programUnit = (unit: string, program: string): HostFile => ({
  path: `/etc/systemd/system/${unit}`,
  text: `[Unit]\nDescription=Stand-in of the lab\n\n[Service]\nExecStart=/usr/local/bin/node /opt/dualtone/lab/xivo/${program}\n`,
});
