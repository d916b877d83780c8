/** `ssl` on, with a certificate of its own where the server has none. */
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Run } from '../../../process/run.ts';
import type { Item, ItemContext } from './item.ts';
import { createSettingItem } from './settings.ts';

const CERTIFICATE = 'dualtone-tls.crt';
const KEY = 'dualtone-tls.key';
const YEARS = 20;

interface Files {
  readonly directory: string;
  readonly ssl: string;
  /** Whether the certificate and key of the settings can be read. */
  readonly usable: boolean;
  readonly own: boolean;
}

const query = `
select current_setting('data_directory') as directory, current_setting('ssl') as ssl,
  coalesce((select size > 0 from pg_stat_file(current_setting('ssl_cert_file'), true)), false)
    and coalesce((select size > 0 from pg_stat_file(current_setting('ssl_key_file'), true)), false) as usable,
  coalesce((select size > 0 from pg_stat_file('${CERTIFICATE}', true)), false)
    and coalesce((select size > 0 from pg_stat_file('${KEY}', true)), false) as own`;

const opensslArgv = (osUser: string, directory: string, name: string): readonly string[] => [
  ...(process.getuid?.() === 0 ? ['runuser', '-u', osUser, '--'] : []),
  'openssl',
  ...`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days ${YEARS * 365}`.split(' '),
  '-subj',
  `/CN=${name}`,
  '-keyout',
  `${directory}/${KEY}`,
  '-out',
  `${directory}/${CERTIFICATE}`,
];

const make = async (osUser: string, directory: string, hostname: string, run: Run): Promise<Result<void>> => {
  const name = /^[A-Za-z0-9.-]{1,63}$/.test(hostname) ? hostname : 'postgresql';
  const made = await run(opensslArgv(osUser, directory, name), { timeoutMs: 20_000, cwd: '/' });
  if (!made.ok) return made;
  if (made.value.exitCode === 0) return ok(undefined);
  return fail(
    'database-certificate',
    `No certificate could be made for PostgreSQL: ${made.value.stderr.trim().split('\n').at(-1) ?? '?'}.`,
    'Install openssl, or give PostgreSQL a certificate (ssl_cert_file, ssl_key_file).',
  );
};

/**
 * `hostname` goes into a certificate made here; the other node pins it. openssl writes the key with mode 0600, as
 * PostgreSQL's own user, in the data directory. Faults: `database-certificate`, `database-admin-failed`.
 */
export const createTlsItems = (context: ItemContext, hostname: string, run: Run): readonly Item[] => {
  const { admin, record } = context;
  const id = 'certificate';
  const find = async (): Promise<Result<Files>> => {
    const rows = await admin.rows<Files>(query);
    if (!rows.ok) return rows;
    return ok(rows.value[0] ?? { directory: '', ssl: 'off', usable: false, own: false });
  };
  const certificate: Item = {
    id,
    look: async () => {
      const files = await find();
      if (!files.ok) return files;
      const base = { id, effect: 'reload' } as const;
      if (files.value.ssl === 'on' || files.value.usable || (files.value.own && record.get(id) !== null))
        return ok({ ...base, condition: 'right', text: 'PostgreSQL has a certificate.', change: null });
      return ok({
        ...base,
        condition: 'missing',
        text: 'PostgreSQL has no certificate.',
        change: `Makes a self-signed certificate (${CERTIFICATE} in the data directory), which the other node pins.`,
      });
    },
    act: async () => {
      const files = await find();
      if (!files.ok) return files;
      const kept = await record.keep(id, null, CERTIFICATE);
      return kept.ok ? make(admin.osUser, files.value.directory, hostname, run) : kept;
    },
    undo: async () => {
      if (record.get(id) === null) return ok(null);
      const files = await find();
      if (!files.ok) return files;
      const paths = [CERTIFICATE, KEY].map((name) => `${files.value.directory}/${name}`);
      const rm = process.getuid?.() === 0 ? ['runuser', '-u', admin.osUser, '--', 'rm'] : ['rm'];
      const removed = await run([...rm, '-f', '--', ...paths], { timeoutMs: 5000, cwd: '/' });
      if (!removed.ok) return removed;
      const forgotten = await record.drop(id);
      return forgotten.ok ? ok(null) : forgotten;
    },
  };
  const ownFile = (name: string, file: string): Item =>
    createSettingItem(context, {
      name,
      // Only where the certificate is one that was made here: another's is not replaced.
      improve: (value) => (record.get(id) === null || value === file ? null : file),
      why: 'the certificate that was made',
    });
  const ssl = createSettingItem(context, {
    name: 'ssl',
    improve: (value) => (value === 'on' ? null : 'on'),
    why: 'so that what the nodes tell each other is encrypted',
  });
  return [certificate, ownFile('ssl_cert_file', CERTIFICATE), ownFile('ssl_key_file', KEY), ssl];
};
