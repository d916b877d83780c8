/** The manual page dualtone(8), from the commands themselves. */
import type { Command } from 'commander';
import { EXIT_WORDS } from './exit-codes.ts';

/** What roff would take for its own: a backslash anywhere, a dot or a quote at the beginning of a line; a minus is not a hyphen. */
const plain = (text: string): string =>
  text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll(/^(?=[.'])/gm, String.raw`\&`)
    .replaceAll('\n', ' ');

const bold = (text: string): string => String.raw`\fB${plain(text)}\fR`;

const itemOf = (head: string, text: string): string => `.TP\n${bold(head)}\n${plain(text)}\n`;

const sentence = (text: string): string => (/[.:!]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);

/** Options that every command has are told once. */
const COMMON = ['--json', '--socket', '--config', '--help'];

const optionsOf = (command: Command): string =>
  command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => !COMMON.includes(long ?? ''))
    .map(({ flags, description }) => itemOf(flags, sentence(description)))
    .join('');

const argumentsOf = (command: Command): string =>
  command.registeredArguments
    .filter(({ description, argChoices }) => description !== '' || argChoices !== undefined)
    .map((each) => {
      const parts = [each.description, each.argChoices?.join(', ') ?? ''];
      return itemOf(each.name(), sentence(parts.filter((part) => part !== '').join(': ')));
    })
    .join('');

const usageOf = (command: Command, path: string): string => {
  const given = command.registeredArguments.map((each) => {
    const name = `${each.name()}${each.variadic ? ' …' : ''}`;
    return each.required ? name : `[${name}]`;
  });
  return [path, ...given].join(' ');
};

/** Commands that people give, each with its whole path, subcommands after it. */
const commandsOf = (command: Command, path: string): readonly string[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help')
    .flatMap((each) => {
      const own = `${path} ${each.name()}`.trim();
      const text = `.SS ${bold(usageOf(each, own))}\n${plain(sentence(each.description()))}\n${argumentsOf(each)}${optionsOf(each)}`;
      return [text, ...commandsOf(each, own)];
    });

/** `version`: of the program, in the page's footer. */
export const manualFor = (
  program: Command,
  version: string,
): string => `.TH DUALTONE 8 "" "dualtone ${version}" "Dualtone"
.SH NAME
dualtone \\- ${plain(program.description().replace(/\.$/, ''))}
.SH SYNOPSIS
.B dualtone
.I command
[\\fIoptions\\fR]
.SH DESCRIPTION
${plain('Two servers, a main and a standby, each run one agent; usually a third machine, a checkpoint, only votes. At any instant one node serves.')}
.SH COMMON OPTIONS
${itemOf('--json', 'Print JSON.')}${itemOf('--socket <path>', "The agent's control socket.")}${itemOf('--config <file>', 'The configuration, where the agent does not have the usual places.')}${itemOf('-h, --help', 'What a command does.')}${itemOf('--version', 'The version.')}.SH COMMANDS
${commandsOf(program, '').join('')}.SH EXIT STATUS
${EXIT_WORDS.map(([code, text]) => itemOf(String(code), sentence(text))).join('')}.SH FILES
${itemOf('/etc/dualtone/dualtone.yaml', 'The configuration of a node.')}${itemOf('/etc/dualtone/checkpoint.yaml', 'The configuration of a checkpoint.')}${itemOf('/var/lib/dualtone', 'Journal, state, and the record of what pairing changed.')}${itemOf('/run/dualtone/control.sock', 'The control socket of the agent that runs.')}`;
