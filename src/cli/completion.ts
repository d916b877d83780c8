/** Completion scripts, from the commands themselves. */
import type { Command } from 'commander';

export type Shell = 'bash' | 'zsh' | 'fish';
export const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];

interface Node {
  readonly path: string;
  readonly words: readonly string[];
  readonly help: Readonly<Record<string, string>>;
}

/** What people may type after each command; what agents start for themselves is left out. */
const nodeOf = (command: Command, path: string): readonly Node[] => {
  const help = command.createHelp();
  const visible = help.visibleCommands(command);
  const subcommands = visible.map((each) => [each.name(), each.summary() || each.description()] as const);
  const options = help
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long === undefined || long === null ? [] : [[long, description] as const]));
  const choices = command.registeredArguments.flatMap(({ argChoices }) =>
    (argChoices ?? []).map((each) => [each, ''] as const),
  );
  const all = [...subcommands, ...choices, ...options];
  const own: Node = { path, words: all.map(([word]) => word), help: Object.fromEntries(all) };
  return [own, ...visible.flatMap((each) => nodeOf(each, `${path} ${each.name()}`.trim()))];
};

const bash = (nodes: readonly Node[]): string => `# dualtone: eval "$(dualtone completion bash)"
_dualtone() {
  local path="" word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in -*) ;; *) path="$path\${path:+ }$word" ;; esac
  done
  local words=""
  case "$path" in
${nodes.map(({ path, words }) => `    "${path}") words="${words.join(' ')}" ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _dualtone dualtone
`;

const zsh = (nodes: readonly Node[]): string =>
  `#compdef dualtone\n# dualtone: eval "$(dualtone completion zsh)"\nautoload -U +X bashcompinit && bashcompinit\n${bash(nodes)}`;

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`\'`)}'`;

const fish = (nodes: readonly Node[]): string => {
  const lines = nodes.flatMap(({ path, words, help }) => {
    const parts = path === '' ? [] : path.split(' ');
    const when =
      parts.length === 0
        ? '__fish_use_subcommand'
        : parts.map((each) => `__fish_seen_subcommand_from ${each}`).join('; and ');
    return words.map((word) => {
      const text = help[word] ?? '';
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${quoted(word)}`;
      return `complete -c dualtone -n ${quoted(when)} ${what}${text === '' ? '' : ` -d ${quoted(text)}`}`;
    });
  });
  return `# dualtone: dualtone completion fish | source\n${lines.join('\n')}\n`;
};

export const completionFor = (shell: Shell, program: Command): string => {
  const nodes = nodeOf(program, '');
  switch (shell) {
    case 'bash':
      return bash(nodes);
    case 'zsh':
      return zsh(nodes);
    case 'fish':
      return fish(nodes);
  }
};
