/** What of a node's file is a XiVO's, as a user would write it. */
import type { LabPlaces } from '../places.ts';
import { reinstaller } from './reinstall.ts';
import type { XivoSetup } from './setup.ts';

export const switchKeyPath = '/etc/dualtone/switch_ed25519';
export const switchKnownHostsPath = '/etc/dualtone/switch_known_hosts';
export const berofosSecretPath = '/etc/dualtone/berofos.secret';
export const reportingSecretPath = '/etc/dualtone/reporting.secret';

/** Shorter than usual, so that what hangs is seen to be given up and tried again within a run. */
const edgeSection = (lab: LabPlaces) => ({
  address: lab.host('edge').address.v4,
  main: { xivo: lab.host('main').address.v4, 'contact-centre': lab.host('cc-main').address.v4 },
  standby: { xivo: lab.host('standby').address.v4, 'contact-centre': lab.host('cc-standby').address.v4 },
  'file-time': '4s',
  'up-time': '4s',
});

const centreSection = (lab: LabPlaces) => ({
  main: { address: lab.host('cc-main').address.v4 },
  standby: { address: lab.host('cc-standby').address.v4 },
  'ready-log': 'xuc started',
  'restart-time': '4s',
  'ready-time': '6s',
  passive: 'stop',
});

const berofosSection = (lab: LabPlaces) => ({
  boxes: [{ name: 'fos1', address: lab.host('berofos').address.v4, 'login-file': berofosSecretPath }],
  timeout: '1s',
});

const reportingSection = (lab: LabPlaces) => ({
  postgres: { host: lab.host('reporting').address.v4, tls: 'none' },
  elasticsearch: { url: `http://${lab.host('reporting').address.v4}:9200` },
});

/** What a guided upgrade runs: packages with their real scripts. */
const upgradeSection = {
  programs: ['asterisk', 'monit'].map((name) => ({
    name,
    run: [reinstaller.path, name],
    timeout: '2m',
  })),
};

/** Profile, switches, reporting and upgrade; nothing for a pair that is no XiVO. */
export const xivoSections = (lab: LabPlaces, xivo: XivoSetup | null): Readonly<Record<string, unknown>> => {
  if (xivo === null) return {};
  return {
    profile: 'xivo',
    upgrade: upgradeSection,
    switches: {
      'retry-most': '2s',
      ...(xivo.edge ? { edge: edgeSection(lab) } : {}),
      ...(xivo.contactCentre ? { 'contact-centre': centreSection(lab) } : {}),
      ...(xivo.berofos ? { berofos: berofosSection(lab) } : {}),
    },
    ...(xivo.reporting ? { reporting: reportingSection(lab) } : {}),
  };
};
