/** The commands by which two machines become a pair, and stop being one. */
import type { Command } from 'commander';
import type { CommonOptions, Output } from './target.ts';

type Add = (
  parent: Command,
  usage: string,
  summary: string,
  action: (
    options: CommonOptions & Readonly<Record<string, string | boolean | undefined>>,
    output: Output,
    args: readonly string[],
  ) => Promise<number>,
) => Command;

/** Where things are, for training and tests; and what is left alone. */
const places = (command: Command): Command =>
  command
    .option('--yes', 'go on without asking')
    .option('--no-system', 'only files below the configuration directory: no units, no sysctl, no Asterisk')
    .option('--no-start', 'units are made and enabled, and not started')
    .option('--etc-dir <path>', 'instead of /etc/dualtone; then the system is left alone')
    .option('--state-dir <path>', 'instead of /var/lib/dualtone')
    .option('--run-dir <path>', 'instead of /run/dualtone');

const own = (command: Command): Command =>
  command
    .option('--role <role>', 'main or standby; what is left, where the other machine has one')
    .option('--name <name>', 'name of this machine for people')
    .option('--address <address>', 'its own address on the voice network')
    .option('--port <port>', 'its port of datagrams and stream (default 4577)');

const inviting = (command: Command): Command =>
  places(own(command))
    .option('--peer <address>', 'where the other machine will be; whoever joins says it, if absent')
    .option('--virtual-ip <address/prefix...>', 'addresses that follow the active node')
    .option('--gateway <address>', 'pinged to tell whether this node itself is cut off')
    .option('--profile <name>', 'asterisk, xivo or wazo')
    .option('--preset <name>', 'fast, quick, classic, blog2012, remsys or etcd')
    .option('--telephony <kind>', 'warm: Asterisk runs mute on the passive node; cold: it is stopped')
    .option('--checkpoint <name=address...>', 'machines that only vote, and join too')
    .option('--etcd <file>', 'YAML with the section `arbiter` of an etcd cluster; it is asked first')
    .option('--valid <span>', 'how long the tokens are good (default 10m)')
    .option('--pairing-port <port>', 'TCP port at which this machine waits (default 4578)');

const adopting = (command: Command): Command =>
  command.option(
    '--adopt',
    'telephony serves here now, and goes on: the agent begins with it (the main, without votes)',
  );

export const addPairing = (program: Command, add: Add): void => {
  const commands = () => import('./commands/pair.ts');
  const undoing = () => import('./commands/disable.ts');
  const setup = add(program, 'setup', 'first run: questions, a pair, its checks', async (o, out) =>
    (await import('./commands/setup.ts')).setup(o, out),
  );
  adopting(inviting(setup))
    .option('--join <address>', 'join the pair of the machine at this address; the token is asked for')
    .option('--with-checkpoint', 'with --join: as a checkpoint');
  adopting(
    inviting(
      add(program, 'init', 'make this machine one half of a pair, and tokens for the others', async (o, out) =>
        (await commands()).init(o, out),
      ),
    ),
  );
  const join = add(
    program,
    'join [address] [token]',
    'join a pair; the token is read from standard input where it is - or absent',
    async (o, out, [address, token]) => (await commands()).join(address, token, o, out),
  );
  places(own(join)).option('--checkpoint', 'as a checkpoint, which only votes');
  inviting(
    add(program, 'rejoin', 'the other node is lost: tokens for a new machine in its place', async (o, out) =>
      (await commands()).rejoin(o, out),
    ),
  );
  places(
    add(program, 'disable', 'put back what pairing changed on this machine', async (o, out) =>
      (await undoing()).disable(o, out),
    ),
  )
    .option('--preview', 'only show what would be put back')
    .option('--force', 'also while this node serves')
    .option('--overwrite-drift', 'also what somebody has changed since')
    .option('--keep-xivo', 'leave what `dualtone xivo enable` changed');
  places(
    add(program, 'pairing', 'whom this machine knows, and what `disable` would put back', async (o, out) =>
      (await undoing()).pairing(o, out),
    ),
  );
};
