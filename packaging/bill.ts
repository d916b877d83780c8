/** The software bill of materials (CycloneDX 1.5): what the package holds that others wrote, from the lock file, the same at each build. */
import type { LockedPackage } from './lock.ts';
import { type Architecture, pinnedRuntime, RUNTIME_VERSION } from './runtime.ts';

interface Component {
  readonly type: 'library' | 'platform' | 'application';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes: readonly { readonly alg: 'SHA-512' | 'SHA-256'; readonly content: string }[];
  readonly licenses: readonly { readonly license: { readonly id: string } }[];
}

const purlOf = (name: string, version: string): string => `pkg:npm/${name.replace('@', '%40')}@${version}`;

const licenceOf = (id: string): Component['licenses'] => [{ license: { id } }];

const componentOf = ({ name, version, integrity, licence }: LockedPackage): Component => ({
  type: 'library',
  name,
  version,
  purl: purlOf(name, version),
  hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') }],
  licenses: licenceOf(licence),
});

const runtimeOf = (architecture: Architecture): Component => {
  const { package: name, sha256 } = pinnedRuntime(architecture);
  return {
    type: 'platform',
    name,
    version: RUNTIME_VERSION,
    purl: purlOf(name, RUNTIME_VERSION),
    // Of the program itself, as it lies in the package.
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    licenses: licenceOf('MIT'),
  };
};

export interface BillFacts {
  readonly version: string;
  readonly architecture: Architecture;
  /** Seconds since 1970: of the commit. */
  readonly epoch: number;
  readonly packages: readonly LockedPackage[];
}

/** As text, one file for each architecture. */
export const billOf = ({ version, architecture, epoch, packages }: BillFacts): string => {
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString(),
      component: {
        type: 'application',
        name: 'dualtone',
        version,
        purl: `pkg:deb/dualtone@${version}?arch=${architecture}`,
      },
    },
    components: [runtimeOf(architecture), ...packages.map(componentOf)],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
};
