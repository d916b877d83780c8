// Builds dist/agent.mjs and its like: each program in one file, which loads four times as fast as its modules one by one.
// What it was made of is kept beside it, so that it is used only while the sources are those (src/cli/built.ts). With `--if-needed`
// nothing is built while it is good; with `--root FOLDER` that of another tree is built, and not started. Runs on any Node from 20 on.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const elsewhere = process.argv.indexOf('--root') + 1;
const root = elsewhere === 0 ? fileURLToPath(new URL('..', import.meta.url)) : resolve(process.argv[elsewhere] ?? '');
const folder = join(root, 'dist');
/** Those of which one file measurably spares time or memory; see docs/adr/0036. */
const entries = {
  agent: 'src/agent/node-process.ts',
  checkpoint: 'src/agent/checkpoint-process.ts',
  replicator: 'src/replicator/process.ts',
  switcher: 'src/switcher/process.ts',
};

/** The same as in src/cli/built.ts. */
const stampOf = (path) => {
  const { mtimeMs, size } = statSync(join(root, path));
  return `${mtimeMs} ${size}`;
};

/** It is there, and was made of the sources as they are. */
const isGood = (name) => {
  try {
    const { stampByPath } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
    statSync(join(folder, `${name}.mjs`));
    return Object.entries(stampByPath).every(([path, stamp]) => stampOf(path) === stamp);
  } catch {
    return false;
  }
};

/** Each module goes on finding the files that lie beside its source. */
const ownPlaces = (stampByPath) => ({
  name: 'own-places',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      // Before it is read: what changes meanwhile is noticed.
      stampByPath[relative(root, path)] = stampOf(relative(root, path));
      const place = `../${relative(root, path)}`;
      const contents = readFileSync(path, 'utf8')
        .replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`)
        .replaceAll('import.meta.dirname', `(import.meta.dirname + ${JSON.stringify(`/${dirname(place)}`)})`);
      return { contents, loader: 'ts' };
    });
  },
});

/** Whole, or as it was: another program may be loading it. */
const replace = (path, text) => {
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, text);
  renameSync(fresh, path);
};

const buildProgram = async (name) => {
  const stampByPath = {};
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entries[name]],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    packages: 'external',
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [ownPlaces(stampByPath)],
  });
  mkdirSync(folder, { recursive: true });
  replace(join(folder, `${name}.mjs`), result.outputFiles[0].text);
  // In one order, though they are read side by side: what is built twice is the same twice.
  const sorted = Object.fromEntries(Object.entries(stampByPath).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  replace(join(folder, `${name}.json`), JSON.stringify({ stampByPath: sorted }));
  console.log(
    `dist/${name}.mjs: ${Object.keys(stampByPath).length} modules, ${Math.round(result.outputFiles[0].text.length / 1000)} kB`,
  );
};

/** Started once with nothing to do, it leaves its compiled code for the starts that count; see bin/dualtone. */
const warmUp = (name) => spawnSync(join(root, 'bin/dualtone'), [name, '--config', '/dev/null'], { stdio: 'ignore' });

const isIfNeeded = process.argv.includes('--if-needed');
for (const name of Object.keys(entries)) {
  if (isIfNeeded && isGood(name)) continue;
  await buildProgram(name);
  if (elsewhere === 0) warmUp(name);
}
