/** As much of D-Bus as reading a property takes: one call out, answers in. Of the D-Bus specification, "Message Protocol". */

/** What a call was answered with. */
export interface Answer {
  /** The number of the call that it answers; 0 where it answers none (a signal). */
  readonly to: number;
  /** A property as text, a list joined by blanks; null where it is of a type that nothing here asks for. */
  readonly value: string | null;
  /** The name of an error; null: the call succeeded. */
  readonly error: string | null;
}

export interface PropertyCall {
  /** Above 0; the answer bears it. */
  readonly serial: number;
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly property: string;
}

const FIELD = { path: 1, interface: 2, member: 3, error: 4, replyTo: 5, destination: 6, signature: 8 } as const;
const METHOD_CALL = 1;
const PROTOCOL_VERSION = 1;
/** The fixed part of a header, with the length of the fields behind it. */
const HEAD = 16;
/** A property of a unit has some hundred bytes. */
const LONGEST = 1024 ** 2;

const padded = (size: number, to: number): number => Math.ceil(size / to) * to;

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length, 0);
  return Buffer.concat([length, bytes, Buffer.alloc(1)]);
};

const pad = (bytes: Buffer, to: number): Buffer =>
  Buffer.concat([bytes, Buffer.alloc(padded(bytes.length, to) - bytes.length)]);

const signature = (value: string): Buffer => Buffer.from([value.length, ...Buffer.from(value, 'latin1'), 0]);

const field = (code: number, type: string, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([code]), signature(type), value]);

/** The call of `org.freedesktop.DBus.Properties.Get`. */
export const propertyCall = (call: PropertyCall): Buffer => {
  const body = Buffer.concat([pad(text(call.interface), 4), text(call.property)]);
  // Each begins at a multiple of eight; what fills up the last one is not counted.
  const fields = [
    field(FIELD.path, 'o', text(call.path)),
    field(FIELD.destination, 's', text(call.destination)),
    field(FIELD.interface, 's', text('org.freedesktop.DBus.Properties')),
    field(FIELD.member, 's', text('Get')),
    field(FIELD.signature, 'g', signature('ss')),
  ].reduce((before, each) => Buffer.concat([pad(before, 8), each]), Buffer.alloc(0));
  const head = Buffer.alloc(HEAD);
  head.write('l', 0, 'latin1');
  head.writeUInt8(METHOD_CALL, 1);
  head.writeUInt8(PROTOCOL_VERSION, 3);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(call.serial, 8);
  head.writeUInt32LE(fields.length, 12);
  return Buffer.concat([head, pad(fields, 8), body]);
};

/** Reads values one after the other; throws a RangeError beyond the end. */
const createReader = (bytes: Buffer, little: boolean) => {
  let at = 0;
  const align = (to: number): void => {
    at = padded(at, to);
  };
  const byte = (): number => bytes.readUInt8(at++);
  const word = (): number => {
    align(4);
    at += 4;
    return little ? bytes.readUInt32LE(at - 4) : bytes.readUInt32BE(at - 4);
  };
  const piece = (length: number): string => {
    if (at + length + 1 > bytes.length) throw new RangeError('a text that is longer than its message');
    at += length + 1;
    return bytes.toString('utf8', at - length - 1, at - 1);
  };
  return {
    align,
    byte,
    word,
    text: (): string => piece(word()),
    signature: (): string => piece(byte()),
    isBefore: (end: number): boolean => at < end,
    at: (): number => at,
  };
};

type Reader = ReturnType<typeof createReader>;

/** Of the types of a field and of a property that is asked for; others are told by null, and what is behind them is lost. */
const readValue = (reader: Reader, type: string): string | number | null => {
  switch (type) {
    case 's':
    case 'o':
      return reader.text();
    case 'g':
      return reader.signature();
    case 'u':
      return reader.word();
    case 'as': {
      const bytes = reader.word();
      const end = reader.at() + bytes;
      const all: string[] = [];
      while (reader.isBefore(end)) all.push(reader.text());
      return all.join(' ');
    }
    default:
      return null;
  }
};

const readHeader = (bytes: Buffer, little: boolean, fieldsLength: number) => {
  const reader = createReader(bytes, little);
  for (let skipped = 0; skipped < HEAD; skipped += 1) reader.byte();
  const valueByField = new Map<number, string | number>();
  while (reader.isBefore(HEAD + fieldsLength)) {
    reader.align(8);
    const code = reader.byte();
    const value = readValue(reader, reader.signature());
    if (value === null) throw new RangeError('a header with a field of an unknown type');
    valueByField.set(code, value);
  }
  return valueByField;
};

const readBody = (body: Buffer, little: boolean, type: unknown): string | null => {
  const reader = createReader(body, little);
  // A property comes in a variant, which says its own type.
  const value = type === 'v' ? readValue(reader, reader.signature()) : null;
  return value === null ? null : String(value);
};

/**
 * The whole messages at the beginning of `bytes`, and how many bytes they took; the rest has not come yet. Throws a RangeError on
 * what is no message.
 */
export const readAnswers = (bytes: Buffer): { readonly answers: readonly Answer[]; readonly taken: number } => {
  const answers: Answer[] = [];
  let taken = 0;
  for (;;) {
    const rest = bytes.subarray(taken);
    if (rest.length < HEAD) return { answers, taken };
    const little = rest[0] === 0x6c;
    if (!little && rest[0] !== 0x42) throw new RangeError('neither byte order is said');
    const at = (offset: number): number => (little ? rest.readUInt32LE(offset) : rest.readUInt32BE(offset));
    const bodyAt = padded(HEAD + at(12), 8);
    const length = bodyAt + at(4);
    if (length > LONGEST) throw new RangeError('a message that is too long');
    if (rest.length < length) return { answers, taken };
    const valueByField = readHeader(rest.subarray(0, bodyAt), little, at(12));
    const error = valueByField.get(FIELD.error);
    answers.push({
      to: Number(valueByField.get(FIELD.replyTo) ?? 0),
      error: error === undefined ? null : String(error),
      value:
        error === undefined ? readBody(rest.subarray(bodyAt, length), little, valueByField.get(FIELD.signature)) : null,
    });
    taken += length;
  }
};
