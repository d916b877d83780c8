// Builds the web page into src/web/page/dist: one script, one style sheet, one document, no address of anybody else.
// Runs on any Node from 20 on, in a tenth of a second.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const source = fileURLToPath(new URL('../src/web/page', import.meta.url));

/** All that the page is, compressed, in bytes. */
export const LIMIT = 60_000;

const hashed = (name, text) => {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 10);
  const [base, ending] = name.split('.');
  return `assets/${base}-${hash}.${ending}`;
};

/** The files of the page, by their names. */
export const buildPage = async () => {
  const result = await build({
    entryPoints: [join(source, 'main.ts'), join(source, 'page.css')],
    bundle: true,
    write: false,
    outdir: 'out',
    format: 'esm',
    target: ['chrome109', 'firefox115', 'safari16'],
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  const textOf = (ending) => result.outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  const [js, css] = [textOf('.js'), textOf('.css')];
  const [jsName, cssName] = [hashed('page.js', js), hashed('page.css', css)];
  const html = readFileSync(join(source, 'page.html'), 'utf8')
    .replace('{{css}}', `/${cssName}`)
    .replace('{{js}}', `/${jsName}`);
  return new Map([
    ['index.html', html],
    [jsName, js],
    [cssName, css],
    ['icon.svg', readFileSync(join(source, 'icon.svg'), 'utf8')],
  ]);
};

/** What a first visit loads, compressed. */
export const compressedBytes = (files) =>
  [...files.values()].reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);

/** Puts the whole folder in place at once: who reads meanwhile sees the former one. */
const write = (files, folder) => {
  const fresh = `${folder}.${process.pid}`;
  for (const [name, text] of files) {
    mkdirSync(join(fresh, name, '..'), { recursive: true });
    writeFileSync(join(fresh, name), text);
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const files = await buildPage();
  const bytes = compressedBytes(files);
  write(files, join(source, 'dist'));
  console.log(`page: ${files.size} files, ${(bytes / 1000).toFixed(1)} kB compressed`);
  if (bytes > LIMIT) {
    console.error(`The page has more than ${LIMIT / 1000} kB.`);
    process.exitCode = 1;
  }
}
