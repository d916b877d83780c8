/**
 * In a network namespace of its own: two real Asterisks, one of which follows the other, with many registrations. Prints how
 * late changes of the one were in the other, as JSON. usage: astdb-worker.ts CONTACTS SAMPLES
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ensureTree } from '../../lab/tree/tree.ts';
import { dbGet, dbPut } from '../../src/ami/actions.ts';
import { astDbRows } from '../../src/ami/astdb-query.ts';
import type { AmiConnection } from '../../src/ami/connection.ts';
import { createAstDbBase } from '../../src/replication/astdb/base.ts';
import type { AstDbTransport } from '../../src/replication/astdb/message.ts';
import { contactKey, isContact } from '../../src/replication/astdb/rows.ts';
import { type AstDbStream, createAstDbStream } from '../../src/replication/astdb/stream.ts';
import { startAsterisk, type TestAsterisk } from '../../test/system/asterisk.ts';
import { createCable } from '../../test/system/cable.ts';
import { testClock as clock, ip, until } from '../../test/system/namespace.ts';

const [contacts, samples] = [Number(process.argv[2]), Number(process.argv[3])];
const LIMIT_MS = 900_000;
/** A machine that is busy is slow, and no fault of what is measured. */
const ASK_MS = 60_000;
/** Phones that register for ten minutes do so again after five. */
const REFRESH_EVERY_MS = 300_000 / contacts;
const BATCH = 200;

const streamOf = ({ manager, ari }: TestAsterisk, end: AstDbTransport): AstDbStream => {
  const base = createAstDbBase({ manager, ari, rules: { include: ['*'], exclude: [] } }, clock);
  return createAstDbStream({ pollMs: 200, compareMs: 30_000 }, base, end, clock);
};

/** A registration as PJSIP writes it; each turn is a later one. */
const contactOf = (number: number, turn: number): { readonly path: string; readonly value: string } => {
  const uri = `sip:100@192.0.2.1:${number}`;
  const value = {
    via_addr: '',
    via_port: '0',
    path: '',
    endpoint: '100',
    uri,
    call_id: `call-${number}`,
    qualify_frequency: '0',
    qualify_timeout: '3.000000',
    authenticate_qualify: 'no',
    outbound_proxy: '',
    prune_on_boot: 'no',
    reg_server: '',
    user_agent: 'bench',
    expiration_time: String(Math.floor(Date.now() / 1000) + 3600 + turn),
  };
  return { path: contactKey('100', uri), value: JSON.stringify(value) };
};

const split = (path: string): readonly [family: string, key: string] => {
  const at = path.lastIndexOf('/');
  return [path.slice(0, at), path.slice(at + 1)];
};

const put = async (ami: AmiConnection, path: string, value: string): Promise<void> => {
  const [family, key] = split(path);
  const done = await dbPut(ami, family, { key, value }, { timeoutMs: ASK_MS });
  if (!done.ok) throw new Error(`${path} was not written: ${done.error.message}`);
};

const fill = async (ami: AmiConnection): Promise<void> => {
  for (let at = 0; at < contacts; at += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, contacts - at) }, (_, offset) => at + offset);
    await Promise.all(
      numbers.map(async (number) => {
        const { path, value } = contactOf(number, 0);
        await put(ami, path, value);
      }),
    );
  }
};

/** Registrations that are renewed all the while. */
const keepRefreshing = (ami: AmiConnection): (() => Promise<void>) => {
  const stop = new AbortController();
  const work = (async (): Promise<unknown> => {
    for (let number = 0; !stop.signal.aborted; number += 1) {
      const { path, value } = contactOf(number % contacts, 1 + number);
      await put(ami, path, value);
      await pause(REFRESH_EVERY_MS);
    }
    return null;
  })().catch((error: unknown) => error);
  // What went wrong is thrown when it is asked for, and not into the middle of what is measured.
  return async () => {
    stop.abort();
    const error = await work;
    if (error !== null) throw error;
  };
};

/** In turns a do-not-disturb and a registration: how long until the other Asterisk has it. */
const measure = async (here: AmiConnection, there: AmiConnection): Promise<readonly number[]> => {
  const took: number[] = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const contact = contactOf((sample * 7919) % contacts, 1_000_000 + sample);
    const { path, value } = sample % 2 === 0 ? { path: `DND/${sample % 50}`, value: `turn ${sample}` } : contact;
    const [family, key] = split(path);
    await put(here, path, value);
    const same = async (): Promise<boolean> => {
      const read = await dbGet(there, family, key);
      return read.ok && read.value === value;
    };
    took.push(await until(same, LIMIT_MS, `${path} follows`));
    // At any moment of the stream's rhythm.
    await pause((sample * 37) % 200);
  }
  return took;
};

const countOf = async (ami: AmiConnection): Promise<number> => {
  const rows = await astDbRows(ami, null);
  return rows.ok ? rows.value.filter(({ path }) => isContact(path)).length : 0;
};

/** Until the follower says that it has all; then it is counted, once: to read ten thousand rows again and again would slow down what is measured. */
const follow = async (out: AstDbStream, into: AstDbStream, there: AmiConnection): Promise<number> => {
  const begunAt = performance.now();
  for (const stream of [out, into]) stream.start();
  into.setRight({ holding: 0, highest: 2 });
  out.setRight({ holding: 2, highest: 2 });
  const isAll = (): boolean => out.status().inStep && into.status().inStep && (into.status().rows ?? 0) >= contacts;
  await until(isAll, LIMIT_MS, 'all contacts follow');
  const firstMs = performance.now() - begunAt;
  const count = await countOf(there);
  if (count < contacts) throw new Error(`the follower says that it has all, and has ${count} of ${contacts} contacts`);
  return firstMs;
};

const work = async (): Promise<void> => {
  ip('link', 'set', 'lo', 'up');
  const tree = await ensureTree();
  if (!tree.ok) throw new Error(tree.error.message);
  const nodes = await Promise.all([
    startAsterisk(tree.value.root, 5_038, 5_060),
    startAsterisk(tree.value.root, 5_138, 5_160),
  ]);
  const [here, there] = await Promise.all([nodes[0].enter(), nodes[1].enter()]);
  const [a, b] = createCable();
  const [out, into] = [streamOf(nodes[0], a), streamOf(nodes[1], b)];
  try {
    await fill(here);
    const firstMs = await follow(out, into, there);
    const stopRefreshing = keepRefreshing(here);
    const lagsMs = await measure(here, there);
    await stopRefreshing();
    process.stdout.write(`${JSON.stringify({ contacts, firstMs, lagsMs })}\n`);
  } finally {
    for (const ami of [here, there]) ami.close();
    await Promise.all([out.stop(), into.stop()]);
    await Promise.all(nodes.map((node) => node.stop()));
  }
};

try {
  await work();
} catch (error) {
  // Who started this shows the last lines: why, and not where.
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
