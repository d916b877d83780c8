/** The forced command as tests install it: `serve-main.ts SETTINGS.json`; it may receive unless the file `blocked` exists. */
import { existsSync, readFileSync } from 'node:fs';
import { fail, ok } from '../../../core/result.ts';
import { serveForced } from '../serve.ts';

export interface ServeSettings {
  readonly receive: readonly string[];
  readonly send: readonly string[];
  readonly runDir: string;
  readonly blocked: string;
  readonly rsync: string;
  readonly listenPorts: readonly number[];
}

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ServeSettings;
process.exitCode = await serveForced(process.env['SSH_ORIGINAL_COMMAND'], {
  ...settings,
  limitsFit: () => ok(true),
  mayReceive: () =>
    existsSync(settings.blocked) ? fail('test-blocked', 'This node serves.', 'Nothing to do.') : ok(undefined),
  complain: (line) => process.stderr.write(`${line}\n`),
});
