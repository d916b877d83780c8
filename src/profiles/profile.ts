/** What a pair consists of, as data: defaults in the form of the configuration file, below presets and the file itself. */
export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly defaults: Readonly<Record<string, unknown>>;
}
