/** The built page: read once, served from a map of exact paths. No path of a request ever reaches the file system. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly brotli: Buffer | null;
  readonly gzip: Buffer | null;
  readonly etag: string;
  /** Its name changes with its content. */
  readonly immutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  webmanifest: 'application/manifest+json; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
};

const MOST_FILES = 500;
const MOST_BYTES = 20 * 1024 * 1024;

const fileOf = (name: string, body: Buffer): PageFile | null => {
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
  if (type === undefined) return null;
  const worth = body.length > 1000 && !/^image\/(png|x-icon)|^font\//.test(type);
  return {
    type,
    body,
    brotli: worth ? brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }) : null,
    gzip: worth ? gzipSync(body, { level: 9 }) : null,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    immutable: /[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/.test(name) && name.startsWith('assets/'),
  };
};

/** By exact path: `index.html` also at `/`, `where.html` also at `/where`. A folder that is not there gives none. */
export const readPage = (folder: string | null): ReadonlyMap<string, PageFile> => {
  const fileByPath = new Map<string, PageFile>();
  let bytes = 0;
  let names: readonly string[] = [];
  try {
    names = folder === null ? [] : readdirSync(folder, { recursive: true }).map(String).slice(0, MOST_FILES);
  } catch {
    // Not built: the API works without.
  }
  for (const name of names) {
    const path = join(folder ?? '', name);
    const found = statSync(path);
    if (!found.isFile() || bytes + found.size > MOST_BYTES) continue;
    bytes += found.size;
    const file = fileOf(name, readFileSync(path));
    if (file === null) continue;
    fileByPath.set(`/${name}`, file);
    const bare = /^([^/]+)\.html$/.exec(name)?.[1];
    if (bare !== undefined) fileByPath.set(bare === 'index' ? '/' : `/${bare}`, file);
  }
  return fileByPath;
};

/** The smallest that the browser takes. */
export const encodingFor = (file: PageFile, accepts: string): readonly [Buffer, string | null] => {
  if (file.brotli !== null && /\bbr\b/.test(accepts)) return [file.brotli, 'br'];
  return file.gzip !== null && /\bgzip\b/.test(accepts) ? [file.gzip, 'gzip'] : [file.body, null];
};
