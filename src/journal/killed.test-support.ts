/** Appends for ever, and prints the number of each entry that is on disk: `journal.test.ts` kills it. */
import { createJournal } from './journal.ts';

const [path = '', begin = '0'] = process.argv.slice(2);
const journal = createJournal({ path, maxAgeMs: 1e15, maxSizeBytes: 1e12, memoryEntries: 1000 });
for (let count = Number(begin) + 1; ; count += 3) {
  for (let each = count; each < count + 3; each += 1) {
    journal.append({ wall: each, at: each, epoch: 2, kind: 'decision', reasons: [], data: { each } });
  }
  const flushed = await journal.flush();
  if (!flushed.ok) throw new Error(flushed.error.message);
  process.stdout.write(`${count + 2}\n`);
}
