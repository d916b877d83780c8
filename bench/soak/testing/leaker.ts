/** Leaks two descriptors and a mebibyte each time it is asked, and says that it has. */
import { openSync } from 'node:fs';

const kept: Buffer[] = [];

process.on('message', () => {
  for (let count = 0; count < 2; count += 1) openSync('/dev/null', 'r');
  kept.push(Buffer.alloc(1024 ** 2, kept.length));
  process.send?.(kept.length);
});
