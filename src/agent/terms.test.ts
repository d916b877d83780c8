import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTerms } from './terms.ts';

const withFile = async (body: (path: string) => Promise<void>): Promise<void> => {
  const dir = mkdtempSync(join(tmpdir(), 'dualtone-terms-'));
  try {
    await body(join(dir, 'state', 'terms.json'));
  } finally {
    rmSync(dir, { recursive: true });
  }
};

test('a term begins, goes on under a newer epoch, ends, and is settled; another agent finds it', async () => {
  await withFile(async (path) => {
    const terms = createTerms(path, assert.fail);
    terms.follow(0, 50);
    assert.deepEqual(terms.all(), []);
    terms.follow(3, 100);
    terms.follow(3, 200);
    terms.follow(5, 300);
    terms.follow(0, 400);
    await terms.kept();
    const seen = [
      { epoch: 3, from: 100, to: 300, settled: false },
      { epoch: 5, from: 300, to: 400, settled: false },
    ];
    assert.deepEqual(createTerms(path, assert.fail).all(), seen);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    terms.settle(3);
    await terms.kept();
    assert.deepEqual(
      createTerms(path, assert.fail)
        .all()
        .map(({ settled }) => settled),
      [true, false],
    );
  });
});
test('a term that still runs is not settled', async () => {
  await withFile(async (path) => {
    const terms = createTerms(path, assert.fail);
    terms.follow(3, 100);
    terms.settle(9);
    await terms.kept();
    assert.equal(terms.all()[0]?.settled, false);
  });
});
test('a clock set back makes no term end before it began', async () => {
  await withFile(async (path) => {
    const terms = createTerms(path, assert.fail);
    terms.follow(3, 100);
    terms.follow(0, 40);
    assert.deepEqual(terms.all()[0], { epoch: 3, from: 100, to: 100, settled: false });
    await terms.kept();
  });
});
test('settled terms are kept for a while, unsettled ones for good', async () => {
  await withFile(async (path) => {
    const terms = createTerms(path, assert.fail);
    terms.follow(1, 0);
    for (let epoch = 3; epoch < 203; epoch += 2) {
      terms.follow(epoch, epoch);
      terms.follow(0, epoch + 1);
    }
    terms.settle(151);
    assert.equal(terms.all().filter(({ settled }) => settled).length, 50);
    assert.equal(terms.all().filter(({ settled }) => !settled).length, 25);
    await terms.kept();
  });
});
test('garbage in the file is no term, and a disk that refuses is told', async () => {
  await withFile(async (path) => {
    const terms = createTerms(path, assert.fail);
    terms.follow(3, 100);
    await terms.kept();
    writeFileSync(path, '[{"epoch":"x"},7,');
    assert.deepEqual(createTerms(path, assert.fail).all(), []);
    assert.ok(readFileSync(path, 'utf8').startsWith('['));
    const troubles: string[] = [];
    const refused = createTerms('/dev/null/terms.json', (why) => troubles.push(why));
    refused.follow(3, 100);
    await refused.kept();
    assert.match(troubles[0] ?? '', /dev.null/);
    assert.equal(refused.all().length, 1, 'it is remembered all the same');
  });
});
