/** The commands about devices that turn the other node off. */
import type { Command } from 'commander';
import type { Adder } from './web-commands.ts';

export const addFence = (program: Command, add: Adder): void => {
  const commands = () => import('./commands/fence.ts');
  const fence = program
    .command('fence')
    .summary('devices that turn the other node off')
    .description('Devices that turn the other node off.');
  add(fence, 'status', 'asks each device for the power of the other node; switches nothing', async (o, out) =>
    (await commands()).status(o, out),
  );
  add(fence, 'test', 'turns the passive node off and on again; first says what it would do', async (o, out) =>
    (await commands()).test(o, out),
  ).option('--confirm <name>', 'name of the other node: do it');
  add(fence, 'metadata [agent]', 'the parameters that a fence agent knows', async (o, out, [agent]) =>
    (await commands()).metadata(agent, o, out),
  );
};
