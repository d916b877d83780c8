/**
 * A stand-in for a telephone provider's trunk: it is no provider's software and speaks only what the lab needs of one. It takes one
 * registration at a time for one account, notes every request that reaches it and from where, calls in and answers calls. So it
 * proves that no trunk is registered twice and that a standby is mute. Started by the lab inside the provider's network namespace,
 * spoken to over stdin and stdout in lines of JSON (see ../phones/lines.ts, protocol.ts), ended by the end of its input.
 */
import { serveLines } from '../phones/lines.ts';
import { createHandlers } from './handlers.ts';

const stop = new AbortController();
await serveLines(createHandlers(stop.signal), process.stdin, process.stdout);
stop.abort();
process.exit(0);
