/**
 * A population of telephones in one process: started by the lab inside the phones' network namespace, spoken to over stdin and
 * stdout in lines of JSON (see lines.ts, protocol.ts), ended by the end of its input.
 */
import { createHandlers } from './handlers.ts';
import { serveLines } from './lines.ts';

const stop = new AbortController();
const handlers = createHandlers((event) => process.stdout.write(`${JSON.stringify(event)}\n`), stop.signal);
await serveLines(handlers, process.stdin, process.stdout);
stop.abort();
// Whatever a call or a thread still waits for, nobody will ask.
process.exit(0);
