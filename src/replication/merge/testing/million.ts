/** How long a merge of many events takes: `node million.ts [ROWS]`; prints one line of JSON. */
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
  const time = async (name: string, work: () => Promise<{ readonly ok: boolean }>): Promise<void> => {
    const from = performance.now();
    const done = await work();
    took[name] = Math.round(performance.now() - from);
    if (!done.ok) throw new Error(JSON.stringify(done));
  };
  const part = eventsPart(nodes);
  const run = options({
    onProgress: () => {
      memoryMiB = Math.max(memoryMiB, Math.round(process.memoryUsage().rss / 1_048_576));
    },
  });
  await time('previewMs', () => part.preview(identity(), run));
  await time('mergeMs', () => part.run(identity(), run));
  await time('againMs', () => part.run(identity(), run));
  const [count] = await nodes.main.query('SELECT count(*)::int AS merged FROM dualtone.merged');
  await time('undoMs', () =>
    part.undo(identity(), { settled: false, signal: run.signal, onProgress: () => undefined }),
  );
  process.stdout.write(`${JSON.stringify({ rows, ...count, ...took, memoryMiB })}\n`);
} finally {
  await nodes.stop();
}
