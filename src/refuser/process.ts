/**
 * `dualtone refuser`: answers callers of a passive node that the other node serves. The kernel hands it what a closed gate would drop
 * (src/steps/gate/rules.ts), and only while the agent says that the other serves. It ends when its input does; a dead one costs no call.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Config, isRefusing } from '../config/config.ts';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import { createParent } from '../process/parent.ts';
import type { FromRefuser } from './protocol.ts';
import { refusalTo } from './refusal.ts';

/** It reads what anybody sends: it keeps no right and no file. */
const NOBODY = 65_534;
const giveUpRights = (): void => {
  if (process.getuid?.() !== 0) return;
  process.setgroups?.([]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
};

const answering = async (type: 'udp4' | 'udp6', port: number): Promise<Socket> => {
  const socket = createSocket({ type, ipv6Only: type === 'udp6' });
  // Nobody names a host here.
  socket.on('message', (bytes, { address, port: from }) => {
    const refusal = refusalTo(bytes, { address, port: from });
    if (refusal !== null) socket.send(refusal.bytes, refusal.to.port, refusal.to.address, () => undefined);
  });
  socket.bind({ port, exclusive: true });
  await once(socket, 'listening');
  // One datagram that cannot leave is a lost datagram, which SIP repeats.
  socket.on('error', () => undefined);
  return socket;
};

/** IPv6 where the machine has it. */
const answerOn = async (port: number): Promise<Result<readonly Socket[]>> => {
  try {
    const v4 = await answering('udp4', port);
    const v6 = await answering('udp6', port).catch(() => null);
    return ok(v6 === null ? [v4] : [v4, v6]);
  } catch (error) {
    return fail(
      'refuser-port',
      `The program that answers callers of a passive node cannot use UDP port ${port}: ${messageOf(error)}.`,
      'Give another `gate.refuse-port`. Until then a passive node is silent, and callers wait for their own timers.',
    );
  }
};

/** Runs until its input ends; what keeps it from answering is said once. */
export const runRefuser = async (config: Config): Promise<Result<void>> => {
  const { say, hear } = createParent<{ readonly type: string }, FromRefuser>();
  const opened = isRefusing(config) ? await answerOn(config.gate.refusePort) : ok([]);
  giveUpRights();
  if (opened.ok) say({ type: 'listening' });
  else say({ type: 'failed', code: opened.error.code, text: `${opened.error.message} ${opened.error.remedy}` });
  await hear(
    () => undefined,
    () => undefined,
  );
  if (opened.ok) for (const socket of opened.value) socket.close();
  return ok(undefined);
};
