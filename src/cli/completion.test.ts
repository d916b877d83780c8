/** Completion and the manual page say what the commands are: both are made from them, and tried with the programs that read them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { Command } from 'commander';
import { completionFor } from './completion.ts';
import { createProgram } from './main.ts';
import { manualFor } from './manual.ts';
import { processOutput } from './target.ts';

const { program } = createProgram(processOutput());

interface Place {
  readonly path: readonly string[];
  readonly command: Command;
}

const placesBelow = (command: Command, path: readonly string[]): readonly Place[] => [
  { path, command },
  ...command
    .createHelp()
    .visibleCommands(command)
    .flatMap((each) => placesBelow(each, [...path, each.name()])),
];
const places = placesBelow(program, []);

const wordsAt = ({ command }: Place): readonly string[] => {
  const help = command.createHelp();
  const options = help
    .visibleOptions(command)
    .flatMap(({ long }) => (long === undefined || long === null ? [] : [long]));
  return [...help.visibleCommands(command).map((each) => each.name()), ...options].toSorted();
};

test('bash completes every command and option, and none that agents start for themselves', () => {
  // All places in one shell: what it would offer after each, a line a place.
  const asks = places.map(({ path }) => {
    const words = ['dualtone', ...path, ''].map((word) => `'${word}'`).join(' ');
    return `COMP_WORDS=(${words}); COMP_CWORD=${path.length + 1}; _dualtone; echo "\${COMPREPLY[@]}"`;
  });
  const script = `${completionFor('bash', program)}\n${asks.join('\n')}\n`;
  const offered = execFileSync('bash', ['--norc'], { input: script, encoding: 'utf8' }).split('\n').slice(0, -1);
  assert.equal(offered.length, places.length);
  for (const [at, place] of places.entries()) {
    const choices = place.command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
    const expected = [...wordsAt(place), ...choices].toSorted();
    const words = (offered[at] ?? '').split(' ').filter((word) => word !== '');
    assert.deepEqual(words.toSorted(), expected, place.path.join(' '));
  }
  for (const hidden of ['checker', 'alarms', 'web-server', 'replicator'])
    assert.ok(!(offered[0] ?? '').split(' ').includes(hidden));
});

test('zsh takes the same script', (context) => {
  const zsh = ['/bin/zsh', '/usr/bin/zsh'].find((path) => existsSync(path));
  if (zsh === undefined) return context.skip('there is no zsh here');
  execFileSync(zsh, ['-f'], { input: `autoload -U compinit && compinit -D\n${completionFor('zsh', program)}` });
});

test('the manual page has every command and option, and man can read it', (context) => {
  const page = manualFor(program, '0.0.0');
  const plain = page.replaceAll(String.raw`\-`, '-');
  for (const place of places) {
    if (place.path.length > 0 && place.path.at(-1) !== 'help')
      assert.ok(plain.includes(place.path.join(' ')), place.path.join(' '));
    for (const word of wordsAt(place)) assert.ok(plain.includes(word), `${place.path.join(' ')} ${word}`);
  }
  assert.ok(!plain.includes('web-server'));
  if (!existsSync('/usr/bin/groff')) return context.diagnostic('there is no groff here: not formatted');
  // Warnings of groff would be said on standard error, which then is what the assertion shows.
  const said = execFileSync('bash', ['-c', 'groff -man -Tutf8 -ww -z 2>&1'], { input: page, encoding: 'utf8' });
  assert.equal(said, '');
});
