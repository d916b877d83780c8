/** Colour where a person looks, never in a pipe, and not where NO_COLOR asks for none. */
export interface Style {
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly alarm: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const code =
  (on: boolean, begin: string) =>
  (text: string): string =>
    on ? `\u001B[${begin}m${text}\u001B[0m` : text;

export const styleFor = (
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Style => {
  const on = stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return {
    good: code(on, '32'),
    warning: code(on, '33'),
    alarm: code(on, '1;31'),
    strong: code(on, '1'),
    faint: code(on, '2'),
  };
};
