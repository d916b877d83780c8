/**
 * How long a merge of many events takes: `node million.ts [ROWS]`; prints one line of JSON. `…CpuMs` is the processor time of this
 * process and of the server together: on a busy machine it says what the time by the clock cannot.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { eventsPart, identity, options, startNodes } from './nodes.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const calls = Math.floor(rows / 10);
const nodes = await startNodes();
try {
  // A tenth calls, eight tenths channel events, a tenth queue log; the main has as many of its own.
  for (const side of [nodes.main, nodes.standby])
    await side.query(`
      INSERT INTO call_log (date, source, answered) SELECT '2026-03-01 10:00Z'::timestamptz + n * interval '60 milliseconds', 'line' || n, true
        FROM generate_series(1, ${calls}) n;
      INSERT INTO cel (eventtype, eventtime, linkedid, extra, call_log_id)
        SELECT 'APP_START', l.date + o * interval '1 second', '1772359200.' || l.id, '{"app": "Dial"}', l.id FROM call_log l, generate_series(1, 8) o;
      INSERT INTO queue_log ("time", callid, event, data1)
        SELECT to_char(l.date, 'YYYY-MM-DD HH24:MI:SS.US'), '1772359200.' || l.id, 'ENTERQUEUE', 'x' FROM call_log l`);
  for (const side of [nodes.main, nodes.standby]) await side.query('ANALYZE');
  const took: Record<string, number> = {};
  let memoryMiB = 0;
  const [server] = await nodes.main.query(`SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid`);
  const TICK_MS = 10;
  const cpuMs = (): number => {
    // The times of ended server processes are counted at their parent; a merge ends its connections.
    const stat = readFileSync(`/proc/${String(server?.['pid'])}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const { user, system } = process.cpuUsage();
    return (Number(fields[13]) + Number(fields[14])) * TICK_MS + (user + system) / 1000;
  };
  const time = async (name: string, work: () => Promise<{ readonly ok: boolean }>): Promise<void> => {
    const [from, fromCpu] = [performance.now(), cpuMs()];
    const done = await work();
    took[`${name}Ms`] = Math.round(performance.now() - from);
    took[`${name}CpuMs`] = Math.round(cpuMs() - fromCpu);
    if (!done.ok) throw new Error(JSON.stringify(done));
  };
  const part = eventsPart(nodes);
  const run = options({
    onProgress: () => {
      memoryMiB = Math.max(memoryMiB, Math.round(process.memoryUsage().rss / 1_048_576));
    },
  });
  await time('preview', () => part.preview(identity(), run));
  await time('merge', () => part.run(identity(), run));
  await time('again', () => part.run(identity(), run));
  const [count] = await nodes.main.query('SELECT count(*)::int AS merged FROM dualtone.merged');
  await time('undo', () => part.undo(identity(), { settled: false, signal: run.signal, onProgress: () => undefined }));
  process.stdout.write(`${JSON.stringify({ rows, ...count, ...took, memoryMiB })}\n`);
} finally {
  await nodes.stop();
}
