import { connect } from 'node:net';
import type { Clock } from '../ports.ts';
import { type Answer, failed, type Subject, silent, type WatchedProbe, well } from './answer.ts';
import { isOwnTrouble } from './local-trouble.ts';
import { createPacedProbe, type Pace } from './paced.ts';

export interface TcpProbeOptions extends Subject, Pace {
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string | undefined;
}

/** Does somebody accept connections there? Refused: `failed`, and for telephony crashed. */
export const createTcpProbe = (options: TcpProbeOptions, clock: Clock): WatchedProbe =>
  createPacedProbe({ ...options, overlapping: true }, (signal) => connectOnce(options, signal), clock);

const connectOnce = ({ host, port, localAddress }: TcpProbeOptions, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) });
    const end = (answer: Answer): void => {
      signal.removeEventListener('abort', calledOff);
      socket.destroy();
      resolve(answer);
    };
    const calledOff = (): void => end(silent('called off'));
    signal.addEventListener('abort', calledOff, { once: true });
    socket.on('connect', () => end(well(`accepts connections at port ${port}`)));
    socket.on('error', (error: NodeJS.ErrnoException) => end(answerTo(error.code ?? '', port)));
  });

const answerTo = (errno: string, port: number): Answer => {
  if (errno === 'ECONNREFUSED') return { outcome: 'failed', crashed: true, reason: `nobody listens at port ${port}` };
  return isOwnTrouble(errno) ? silent(`this node could not ask: ${errno}`) : failed(`not reached: ${errno}`);
};
