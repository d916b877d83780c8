/** From a configuration's words to a checkpoint that can be asked; certificates are read at each question, so that new ones count. */
import { readFileSync } from 'node:fs';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { createNrpeCheckpoint, type NrpeCheckpoint } from './checkpoint.ts';
import type { NrpeTarget, NrpeTls } from './client.ts';

type TlsSettings =
  | { readonly kind: 'off' | 'anonymous' }
  | {
      readonly kind: 'certificate';
      readonly authorityFile: string;
      readonly certificateFile: string | null;
      readonly keyFile: string | null;
      readonly name: string | null;
    };

/** As `arbiter.checkpoints` has it. */
export interface NrpeSettings {
  readonly name: string;
  readonly address: string;
  readonly nrpe: {
    readonly port: number;
    readonly command: string;
    readonly control: string | null;
    readonly version: 'auto' | 'v4' | 'v2';
    readonly tls: TlsSettings;
    readonly timeoutMs: Millis;
  };
}

const VERSION_BY_NAME = { auto: null, v4: 4, v2: 2 } as const;

const tlsOf = (tls: TlsSettings): Result<NrpeTls> => {
  if (tls.kind !== 'certificate') return ok({ kind: tls.kind });
  const read = (path: string | null): string | null => (path === null ? null : readFileSync(path, 'utf8'));
  try {
    const { authorityFile, certificateFile, keyFile, name } = tls;
    const ca = readFileSync(authorityFile, 'utf8');
    return ok({ kind: 'certificate', ca, certificate: read(certificateFile), key: read(keyFile), name });
  } catch (error) {
    const why = messageOf(error);
    return fail('nrpe-file-unreadable', `A file of \`nrpe.tls\` cannot be read: ${why}.`, 'Put it there, in PEM.');
  }
};

/** Besides the faults of a checkpoint: `nrpe-file-unreadable`. */
export const checkpointOf = ({ name, address, nrpe }: NrpeSettings): NrpeCheckpoint => {
  const { port, command, control, version, tls, timeoutMs } = nrpe;
  const target = (): Result<NrpeTarget> => {
    const read = tlsOf(tls);
    return read.ok ? ok({ address, port, tls: read.value }) : read;
  };
  return createNrpeCheckpoint({ name, target, command, control, version: VERSION_BY_NAME[version], timeoutMs });
};
