/**
 * File names are bytes. Here they travel as strings with one letter a byte (latin1), so that no name is changed on its way and
 * all compare and sort alike; only what people read is decoded.
 */
export type RawPath = string;

export const rawOf = (bytes: Buffer): RawPath => bytes.toString('latin1');

export const bytesOf = (raw: RawPath): Buffer => Buffer.from(raw, 'latin1');

/** A path of a configuration or a constant. */
export const rawOfText = (text: string): RawPath => Buffer.from(text, 'utf8').toString('latin1');

/** For people: control characters and what is no UTF-8 are escaped, at most 300 letters. */
export const shown = (raw: RawPath): string => {
  const text = bytesOf(raw).toString('utf8');
  const whole = text.includes('\ufffd') ? raw : text;
  return JSON.stringify(whole).slice(1, -1).replaceAll('\\"', '"').replaceAll('\u007f', '\\u007f').slice(0, 300);
};

/** A path within a directory: not empty, not absolute, no step upwards, nothing empty. */
export const isRelative = (raw: RawPath): boolean =>
  raw !== '' &&
  raw.length <= 4096 &&
  !raw.includes('\0') &&
  raw.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
