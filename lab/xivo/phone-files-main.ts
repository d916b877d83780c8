/** A stand-in for what telephones see of provd: real HTTP, a file for each of them by name, and 404 where there is none, as without plug-ins. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { phoneFilesFolder, phoneFilesPort } from './desk-phone.ts';

const textOf = (name: string): string | null => {
  try {
    return readFileSync(join(phoneFilesFolder, name), 'utf8');
  } catch {
    return null;
  }
};

createServer((question, answer) => {
  const text = textOf(basename(question.url ?? ''));
  answer.writeHead(text === null ? 404 : 200).end(text ?? '');
}).listen(phoneFilesPort, '0.0.0.0');
