/** The texts of the package that are made of others: what Debian wants to know of it, and what people read. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { filesBelow } from './contents.ts';
import type { LockedPackage } from './lock.ts';
import { type Architecture, RUNTIME_VERSION } from './runtime.ts';

export const MAINTAINER = 'Dualtone <dualtone@noreply.github.com>';

/** What the program starts, and its runtime needs; perl-base, util-linux, findutils and init-system-helpers are on every Debian. */
const DEPENDS = [
  'libc6 (>= 2.28)',
  'libgcc-s1',
  'libstdc++6 (>= 8)',
  'fping',
  'iproute2',
  'iputils-arping',
  'libndp-tools',
  'nftables',
  'openssh-client',
  'rsync',
  'systemd',
];

const DESCRIPTION = `keeps the dial tone of an Asterisk telephone system when a server dies
 Two servers, a main and a standby, each run an agent; usually a third machine
 runs the same program as a checkpoint, which only votes. When the main can no
 longer serve, the standby takes over within a second, with the registrations
 of all phones; when the main is back, service returns.
 .
 The right to serve is a lease that the kernel ends by itself, so that never
 both serve, also with the agent killed or frozen.
 .
 The package brings its own runtime. Nothing is changed and nothing starts
 until "dualtone setup".
`;

export const controlOf = (
  version: string,
  architecture: Architecture,
  installedKib: number,
): string => `Package: dualtone
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${installedKib}
Depends: ${DEPENDS.join(', ')}
Suggests: asterisk, postgresql, fence-agents
Section: comm
Priority: optional
Description: ${DESCRIPTION}`;

/** As `date --rfc-email` in UTC. */
const emailDate = (epoch: number): string => new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');

export const changelogOf = (
  version: string,
  epoch: number,
  commit: string,
): string => `dualtone (${version}) stable; urgency=medium

  * Built from commit ${commit}. What is new in it is in its history.

 -- ${MAINTAINER}  ${emailDate(epoch)}
`;

/** Compressed as Debian wants it, without a name and a time in it. */
export const compressed = (text: string): Uint8Array => gzipSync(text, { level: 9 });

const asField = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`;

/** Every licence in full, as each package has it. */
export const copyrightOf = (
  packages: readonly LockedPackage[],
  licencePathByName: ReadonlyMap<string, string>,
  runtimeLicence: string,
): string => {
  const stanza = (files: string, holder: string, name: string, text: string): string =>
    `Files: ${files}\nCopyright: ${holder}\nLicense: ${name}\n${asField(text)}\n`;
  const head = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: dualtone
Comment: Where a licence below is the Apache License 2.0, Debian has its text too in
 /usr/share/common-licenses/Apache-2.0.
`;
  const others = packages.map(({ name, version, place, licence }) => {
    const path = licencePathByName.get(name);
    const text = path === undefined ? `${licence}; the package has no text of it.` : readFileSync(path, 'utf8');
    const label = `${licence}-${name.replaceAll(/[@/]/g, '')}`;
    return stanza(`usr/lib/dualtone/${place}/*`, `the authors of ${name} ${version}`, label, text);
  });
  const runtime = stanza(
    'usr/lib/dualtone/node_modules/node/bin/node',
    `the authors of Node.js ${RUNTIME_VERSION}`,
    'Node.js',
    readFileSync(runtimeLicence, 'utf8'),
  );
  return [head, stanza('*', 'the authors of Dualtone', 'MIT', MIT), runtime, ...others].join('\n');
};

/** For `dpkg --verify`. `place`: the tree, `paths` those of regular files. */
export const digestsOf = (place: string): string =>
  filesBelow(place)
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(place, path)))
          .digest('hex')}  ${path}\n`,
    )
    .join('');

/** A unit of examples/systemd/, with the places of the package. */
export const packagedUnit = (text: string): string =>
  text
    .replace(/ Copy to \/etc\/systemd\/system\/.*$/m, ' It is enabled by `dualtone setup`, `init` or `join`.')
    .replace('file:///opt/dualtone/docs/cli.md', 'man:dualtone(8)')
    .replaceAll('file:///opt/dualtone/docs/', 'file:///usr/share/doc/dualtone/docs/')
    .replace('/opt/dualtone/node_modules/.cache', '/var/cache/dualtone')
    .replaceAll('/opt/dualtone', '/usr/lib/dualtone');
