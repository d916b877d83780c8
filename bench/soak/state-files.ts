/** Everything that the product writes into its state directory, by what bounds it. What fits none of these is a stranger, and fails a soak. */

export interface StateFiles {
  /** As docs/wear.md names them. */
  readonly name: string;
  readonly pattern: RegExp;
}

const own = (name: string, pattern: RegExp): StateFiles => ({ name, pattern });

export const stateFiles: readonly StateFiles[] = [
  own('journal/', /^journal\/(\d{12}\.jsonl|head)$/),
  own('state-a, state-b', /^state-[ab](\.damaged)?$/),
  own('checks.jsonl', /^checks\.jsonl(\.new)?$/),
  own('.check-PID', /^\.check-\d+$/),
  own('alarms/', /^alarms\/state\.json(\.new|\.damaged)?$/),
  own('drills/', /^drills\/(list|current|\d{8}-\d{6})\.json(\.new)?$/),
  own('terms.json', /^terms\.json(\.new)?$/),
  own('merges/', /^merges\//),
  own('collected/', /^collected\//),
  own('reporting/', /^reporting\/elasticsearch\.json(\.new)?$/),
  own('streams.json, switches.json', /^(streams|switches)\.json(\.new)?$/),
  own('*-schedule.json', /^(database|drill)-schedule\.json(\.new)?$/),
  own('web/', /^web\/[a-z.-]+$/),
  own('upgrade.json, pairing.json, pairing-progress.json', /^(upgrade|pairing|pairing-progress)\.json(\.new)?$/),
  own('changes.json, database-setup.json, mysql-setup.json', /^(changes|database-setup|mysql-setup)\.json(\.new)?$/),
  own(
    'gate.nft, database-identities.json, peer-database.pem, mysql-accepted',
    /^(gate\.nft|database-identities\.json|peer-database\.pem|mysql-accepted)(\.new)?$/,
  ),
];

/** The paths that none of them describes, at most ten. */
export const strangersAmong = (paths: readonly string[]): readonly string[] =>
  paths.filter((path) => !stateFiles.some(({ pattern }) => pattern.test(path))).slice(0, 10);
