// oxlint-disable unicorn/require-post-message-target-origin -- threads have no origins
/** The thread of `verifyAside`: one journal, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { openJournalReader } from '../journal/reader.ts';

const verify = (directory: string) => {
  const opened = openJournalReader(directory);
  return opened.ok ? opened.value.verify() : opened;
};

parentPort?.postMessage(verify(String(workerData)));
