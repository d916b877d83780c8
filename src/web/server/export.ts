/** The journal as a file, page by page: the keeper is asked for the next when the reader has taken the last. */
import { once } from 'node:events';
import type { ExportPage, JournalQuery } from '../wire.ts';
import { sendReply } from './answers.ts';
import type { FastifyReply, FastifyRequest } from './fastify.ts';
import { addressOf, credentialOf, SECURITY_HEADERS } from './headers.ts';
import type { Link } from './link.ts';
import type { Given, Route } from './routes.ts';

const READ_MS = 60_000;

/** Writes, and waits for a slow reader; false: it is gone. */
const wrote = async ({ raw }: FastifyReply, text: string): Promise<boolean> => {
  if (raw.destroyed || text === '') return !raw.destroyed;
  if (raw.write(text)) return true;
  try {
    await once(raw, 'drain', { signal: AbortSignal.timeout(READ_MS) });
    return true;
  } catch {
    raw.destroy();
    return false;
  }
};

const textOf = ({ lines }: ExportPage): string => lines.map((line) => `${line}\n`).join('');

export const sendExport = async (
  link: Link,
  { ask }: Route,
  given: Given | null,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const first = given === null ? undefined : ask?.(given);
  if (first?.name !== 'export') return reply;
  const [credential, address] = [credentialOf(request.raw), addressOf(request)];
  const begun = await link.ask(first, credential, address);
  if (!begun.result.ok) return sendReply(reply, begun);
  reply.hijack();
  reply.raw.writeHead(200, {
    ...SECURITY_HEADERS,
    'content-type': 'application/x-ndjson; charset=utf-8',
    'content-disposition': 'attachment; filename="dualtone-journal.jsonl"',
    'cache-control': 'no-store',
  });
  let page = begun.result.value as ExportPage;
  while ((await wrote(reply, textOf(page))) && page.next !== null) {
    const query: JournalQuery = { ...first.query, after: page.next };
    const next = await link.ask({ name: 'export', query }, credential, address);
    if (!next.result.ok) {
      // Cut off so that nobody takes it for the whole.
      reply.raw.destroy();
      return reply;
    }
    page = next.result.value as ExportPage;
  }
  reply.raw.end();
  return reply;
};
