/** One of the torture test messages of RFC 4475, rebuilt after the RFC's description, and what must become of it. */
export interface TortureCase {
  /** The RFC's own short name. */
  readonly name: string;
  readonly section: string;
  readonly bytes: Buffer;
  /** `accept`: parsed. `refuse`: a fault whose message contains this. `judge`: parsed; a server answers with this status. */
  readonly expected:
    | { readonly kind: 'accept' }
    | { readonly kind: 'refuse'; readonly because: string }
    | { readonly kind: 'judge'; readonly status: number };
}

type Expected = TortureCase['expected'];

export const accept: Expected = { kind: 'accept' };
export const refuse = (because: string): Expected => ({ kind: 'refuse', because });
export const judge = (status: number): Expected => ({ kind: 'judge', status });

/**
 * Makes a case from text as the RFC prints it: each line ends in CRLF, `<hex>0A</hex>` stands for bytes, `<join>` at the end
 * of a line joins it to the next, `<times 33>text</times>` repeats,
 * `<length>` is the body's length. The text begins after its first line break, and its last line break counts.
 */
export function torture(section: string, name: string, expected: Expected, text: string): TortureCase {
  const wire = text
    .slice(1)
    .replaceAll('<join>\n', '')
    .replaceAll(/<times (\d+)>([^<]*)<\/times>/g, (_all, count: string, piece: string) => piece.repeat(Number(count)))
    .replaceAll('\n', '\r\n');
  const pieces = wire
    .split(/<hex>([0-9A-Fa-f]*)<\/hex>/)
    .map((piece, index) => Buffer.from(piece, index % 2 === 1 ? 'hex' : 'utf8'));
  const bytes = Buffer.concat(pieces);
  const bodyLength = bytes.length - bytes.indexOf('\r\n\r\n') - 4;
  const mark = bytes.indexOf('<length>');
  const stated = [bytes.subarray(0, mark), Buffer.from(`${bodyLength}`), bytes.subarray(mark + '<length>'.length)];
  return { name, section, bytes: mark < 0 ? bytes : Buffer.concat(stated), expected };
}
