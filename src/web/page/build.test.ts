import assert from 'node:assert/strict';
import { test } from 'node:test';

interface Build {
  readonly LIMIT: number;
  readonly buildPage: () => Promise<ReadonlyMap<string, string>>;
  readonly compressedBytes: (files: ReadonlyMap<string, string>) => number;
}

const { buildPage, compressedBytes, LIMIT } = (await import(
  new URL('../../../scripts/build-page.mjs', import.meta.url).href
)) as Build;
const files = await buildPage();
const textOf = (ending: string): string => [...files].find(([name]) => name.endsWith(ending))?.[1] ?? '';

test('all of the page is small', () => {
  assert.ok(compressedBytes(files) < LIMIT, `${compressedBytes(files)} bytes`);
});

test('nothing comes from anybody else', () => {
  for (const [name, text] of files) {
    const addresses = [...text.matchAll(/(?:https?:)?\/\/[a-z0-9-]+\.[a-z]{2,}[^\s"'`)]*/g)].map(([each]) => each);
    // Names of XML vocabularies are no addresses.
    assert.deepEqual(
      addresses.filter((each) => !each.includes('www.w3.org/')),
      [],
      name,
    );
  }
});

test('the document has no script, style or handler of its own, so that the policy can forbid them', () => {
  const html = textOf('.html');
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=/);
  assert.match(html, /src="\/assets\/page-[0-9a-f]{10}\.js"/);
  assert.match(html, /href="\/assets\/page-[0-9a-f]{10}\.css"/);
});

test('the script neither evaluates text nor writes markup', () => {
  assert.doesNotMatch(textOf('.js'), /\beval\(|new Function\(|document\.write|insertAdjacentHTML/);
});

test('the same sources give the same files', async () => {
  assert.deepEqual([...(await buildPage()).keys()], [...files.keys()]);
});
