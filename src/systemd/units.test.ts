import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fail, ok } from '../core/result.ts';
import type { Run } from '../process/run.ts';
import { propertyCall, readAnswers } from './dbus.ts';
import { createUnitLook, type LookAtUnits, unitsBySystemctl } from './units.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualtone-systemd-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const CALL = {
  serial: 1,
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1/unit/asterisk_2eservice',
  interface: 'org.freedesktop.systemd1.Unit',
  property: 'ActiveState',
};

/** What a method returns, in either byte order: a variant of a text or of a list of texts, or the name of an error. */
const answer = (to: number, said: string | readonly string[] | { readonly error: string }, little = true): Buffer => {
  const word = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    if (little) bytes.writeUInt32LE(value);
    else bytes.writeUInt32BE(value);
    return bytes;
  };
  const pad = (bytes: Buffer, size: number): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & (size - 1))]);
  const text = (value: string): Buffer => Buffer.concat([word(Buffer.byteLength(value)), Buffer.from(`${value}\0`)]);
  const list = (all: readonly string[]): Buffer =>
    all.reduce((before, each) => Buffer.concat([pad(before, 4), text(each)]), Buffer.alloc(0));
  const isError = typeof said === 'object' && 'error' in said;
  // The value of a variant is aligned by the body's own beginning.
  const variant = (): Buffer => {
    if (typeof said === 'string') return Buffer.concat([Buffer.from('\x01s\0\0', 'latin1'), text(said)]);
    const items = list(said as readonly string[]);
    return Buffer.concat([Buffer.from('\x02as\0', 'latin1'), word(items.length), items]);
  };
  const body = isError ? text('no such thing') : variant();
  const last = isError
    ? Buffer.concat([Buffer.from('\x04\x01s\0', 'latin1'), text(said.error)])
    : Buffer.from('\x08\x01g\0\x01v\0', 'latin1');
  const fields = Buffer.concat([Buffer.from('\x05\x01u\0', 'latin1'), word(to), last]);
  const head = Buffer.from([little ? 0x6c : 0x42, isError ? 3 : 2, 1, 1]);
  return Buffer.concat([pad(Buffer.concat([head, word(body.length), word(9), word(fields.length), fields]), 8), body]);
};

/** A signal, which answers nothing. */
const signal = (): Buffer => {
  const bytes = answer(0, 'x');
  bytes.writeUInt8(4, 1);
  return bytes;
};

let sockets = 0;
/** Stands in for process 1; `talk` is given what has come so far. */
const standIn = async (talk: (socket: Socket, come: Buffer) => void): Promise<string> => {
  sockets += 1;
  const path = join(folder, `private-${sockets}`);
  const server = createServer((socket) => {
    let come: Buffer = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      come = Buffer.concat([come, chunk]);
      talk(socket, come);
    });
  });
  after(() => server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
};

const GREETING = 'OK 1a9077c40883466ca173142465095bb1\r\n';
const properties = ['LoadState', 'DropInPaths'];
const bounds = { timeoutMs: 5000 };
const noProgram: Run = async (argv) => fail('program-missing', `${argv[0]} is asked.`, '');

const said = async (look: LookAtUnits, units: readonly string[]): Promise<unknown> => {
  const looked = await look(units, properties, bounds);
  return looked.ok ? looked.value.map((each) => Object.fromEntries(each)) : looked.error.code;
};

test('a call is laid out as systemd takes it', () => {
  const bytes = propertyCall(CALL);
  assert.equal(bytes.toString('latin1', 0, 1), 'l');
  const bodyLength = bytes.readUInt32LE(4);
  const fieldsLength = bytes.readUInt32LE(12);
  // What fills up the last field is not counted: systemd drops a message that counts it, without a word.
  assert.equal(bytes.toString('latin1', 16 + fieldsLength - 4, 16 + fieldsLength), '\x02ss\0');
  assert.equal(bytes.length, Math.ceil((16 + fieldsLength) / 8) * 8 + bodyLength);
  assert.deepEqual(readAnswers(bytes), { answers: [{ to: 0, error: null, value: null }], taken: bytes.length });
});

test('answers: of either byte order, a text, a list, an error, in pieces; nonsense is said to be none', () => {
  for (const little of [true, false]) {
    const all = Buffer.concat([
      answer(1, 'active', little),
      answer(2, [], little),
      answer(3, ['/a', '/bcd', '/e'], little),
      answer(4, { error: 'org.freedesktop.DBus.Error.NoSuchUnit' }, little),
    ]);
    assert.deepEqual(readAnswers(all), {
      taken: all.length,
      answers: [
        { to: 1, error: null, value: 'active' },
        { to: 2, error: null, value: '' },
        { to: 3, error: null, value: '/a /bcd /e' },
        { to: 4, error: 'org.freedesktop.DBus.Error.NoSuchUnit', value: null },
      ],
    });
    for (let length = 0; length < all.length; length += 1) {
      const { answers, taken } = readAnswers(all.subarray(0, length));
      assert.ok(taken <= length && answers.length < 4);
    }
  }
  for (const nonsense of ['HTTP/1.1 400 Bad Request\r\n', `l${'\xff'.repeat(30)}`])
    assert.throws(() => readAnswers(Buffer.from(nonsense, 'latin1')), RangeError);
});

test('units are told over the socket: properties in order, signals between, byte by byte', async () => {
  const values: readonly (string | readonly string[])[] = ['loaded', ['/etc/a.conf', '/etc/b.conf'], 'not-found', []];
  const path = await standIn((socket, come) => {
    // Login and four calls are there.
    if (come.toString('latin1').split('ActiveState').length > 1 || !come.includes('nonsense_2eservice')) return;
    if (come.toString('latin1').split('DropInPaths').length < 3) return;
    assert.match(come.toString('latin1', 0, 40), /^\0AUTH EXTERNAL (?:[0-9a-f]{2})+\r\nBEGIN\r\n/);
    const all = Buffer.concat([
      Buffer.from(GREETING),
      signal(),
      ...values.map((value, index) => answer(index + 1, value)),
    ]);
    for (const byte of all) socket.write(Buffer.from([byte]));
  });
  assert.deepEqual(await said(createUnitLook(noProgram, path), ['asterisk.service', 'nonsense.service']), [
    { LoadState: 'loaded', DropInPaths: '/etc/a.conf /etc/b.conf' },
    { LoadState: 'not-found', DropInPaths: '' },
  ]);
});

test('an error of systemd is told with its name', async () => {
  const path = await standIn((socket, come) => {
    if (!come.includes('DropInPaths')) return;
    socket.write(Buffer.concat([Buffer.from(GREETING), answer(1, { error: 'org.x.No' }), answer(2, [])]));
  });
  const looked = await createUnitLook(noProgram, path)(['a.service'], properties, bounds);
  assert.ok(!looked.ok);
  assert.equal(looked.error.message, 'systemd does not tell LoadState of a.service: org.x.No.');
});

test('a systemd that hangs is silent within the time, and no program is asked that would hang too', async () => {
  const path = await standIn(() => undefined);
  const look = createUnitLook(noProgram, path);
  const late = await look(['a.service'], properties, { timeoutMs: 20 });
  assert.ok(!late.ok);
  assert.equal(late.error.code, 'systemd-silent');
  const off = new AbortController();
  const asked = look(['a.service'], properties, { timeoutMs: 60_000, signal: off.signal });
  off.abort();
  const calledOff = await asked;
  assert.ok(!calledOff.ok);
});

test('no socket, one that is closed, one that speaks otherwise: the program is asked', async () => {
  const program: Run = async () =>
    ok({ exitCode: 0, endedBy: null, tookMs: 1, stdout: 'LoadState=loaded\nDropInPaths=/x\n', stderr: '' });
  const told = [{ LoadState: 'loaded', DropInPaths: '/x' }];
  const closing = await standIn((socket) => socket.destroy());
  const strange = await standIn((socket) => socket.write('REJECTED ANONYMOUS\r\n'.repeat(20)));
  for (const path of [join(folder, 'none'), closing, strange])
    assert.deepEqual(await said(createUnitLook(program, path), ['a.service']), told);
});

test('by systemctl: blocks in order, and its own trouble as a fault', async () => {
  const show = (stdout: string, exitCode = 0, stderr = ''): LookAtUnits =>
    unitsBySystemctl(async () => ok({ exitCode, endedBy: null, tookMs: 1, stdout, stderr }));
  const two = show('LoadState=loaded\nDropInPaths=a=b\n\nLoadState=masked\n');
  assert.deepEqual(await said(two, ['a', 'b']), [{ LoadState: 'loaded', DropInPaths: 'a=b' }, { LoadState: 'masked' }]);
  assert.equal(await said(two, ['a']), 'systemd-silent');
  assert.equal(await said(show('', 1, 'Failed to connect to bus\n'), ['a']), 'systemd-silent');
  assert.equal(await said(unitsBySystemctl(noProgram), ['a']), 'program-missing');
});
