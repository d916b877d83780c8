/**
 * All tests, one after the other: types, lint, format, units, simulation, mutants, then (as root on Debian) real systems
 * and the lab. Ends with 'N passed, N failed' and exits with 1 when anything failed.
 */
import { glob } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { execute, passOnSignals } from './execute.ts';

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

interface Stage {
  readonly name: string;
  run(): Promise<Count>;
}

const node = process.execPath;
const isRoot = process.getuid?.() === 0;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** A quiet machine of 2 cores needs at most a sixth of each; what still runs then hangs, and is a failure with a name. */
const MOST_MINUTES = { whole: 25, systemFile: 10, lab: 12 * 60 } as const;

/** One check that passes or fails as a whole. */
const check = (name: string, ...argv: readonly string[]): Stage => within(MOST_MINUTES.whole, name, ...argv);

const within = (minutes: number, name: string, ...argv: readonly string[]): Stage => ({
  name,
  async run() {
    const lines: string[] = [];
    const code = await execute(argv, minutes * 60_000, (text) => lines.push(text), say);
    if (code !== 0) for (const text of lines) say(`  ${text}`);
    return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
  },
});

/** Files run by node's test runner; the counts are the runner's own. */
const tests = (name: string, minutes: number, files: readonly string[], options: readonly string[] = []): Stage => ({
  name,
  async run() {
    const count: Count = { passed: 0, failed: 0, skipped: 0 };
    if (files.length === 0) return { ...count, failed: 1 };
    const code = await execute(
      [node, '--test', '--test-reporter=tap', ...options, ...files],
      minutes * 60_000,
      (text) => {
        const [, key, number] = /^# (pass|fail|skipped) (\d+)$/.exec(text) ?? [];
        if (key === 'pass') count.passed = Number(number);
        else if (key === 'fail') count.failed = Number(number);
        else if (key === 'skipped') count.skipped = Number(number);
        else if (
          /^\s*(not ok |error:|code:|name:|expected:|actual:|location:|failureType:)|not within \d+ ms/.test(text)
        )
          say(`  ${text}`);
      },
      say,
    );
    // A runner that dies must not look like a success.
    if (code !== 0 && count.failed === 0) count.failed = 1;
    return count;
  },
});

const find = async (...patterns: readonly string[]): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const file of glob([...patterns], { exclude: (name) => name === 'node_modules' })) found.push(file);
  return found.toSorted();
};

const isSystem = (file: string): boolean => file.endsWith('.system.test.ts');

const quickStages = async (): Promise<readonly Stage[]> => {
  const unit = await find('{src,sim,test,lab,bench,packaging}/**/*.test.ts');
  return [
    check('types', node, 'node_modules/typescript/bin/tsc', '--noEmit'),
    check('types of the core, without a system', node, 'node_modules/typescript/bin/tsc', '--noEmit', '-p', 'src/core'),
    check('types of the page, in a browser', node, 'node_modules/typescript/bin/tsc', '--noEmit', '-p', 'src/web/page'),
    check('lint', node, 'node_modules/oxlint/bin/oxlint', '--type-aware'),
    check('format', node, 'node_modules/@biomejs/biome/bin/biome', 'check', '.'),
    tests(
      'unit and property tests',
      MOST_MINUTES.whole,
      unit.filter((file) => !isSystem(file)),
    ),
    check('simulation: 2,000 seeds', node, 'bin/dualtone.ts', 'simulate', '--seeds', '2000'),
    check(
      'simulation: the table of silent times',
      node,
      'bin/dualtone.ts',
      'simulate',
      '--silent-times',
      '--seeds',
      '40',
    ),
    check('simulation: every mutant is caught', node, 'bin/dualtone.ts', 'simulate', '--mutants'),
  ];
};

/** Real programs in network namespaces, one file at a time: they measure times. */
const systemStages = async (): Promise<readonly Stage[]> => {
  const system = (await find('{src,test,lab,packaging}/**/*.system.test.ts')).filter((file) => !file.includes('.lab.'));
  return [
    check('what the tests need of this machine', node, 'scripts/requirements.ts'),
    ...system.map((file) => tests(file, MOST_MINUTES.systemFile, [file], ['--test-concurrency=1'])),
  ];
};

const labStages = (): readonly Stage[] => [
  check('what the tests need of this machine', node, 'scripts/requirements.ts'),
  within(MOST_MINUTES.lab, 'every scenario of the lab', node, 'bin/dualtone.ts', 'lab', 'run', '*'),
];

const skipped = (name: string, why: string): Stage => ({
  name,
  async run() {
    say(`  skipped: ${why}`);
    return { passed: 0, failed: 0, skipped: 1 };
  },
});

const stagesFor = async (args: readonly string[]): Promise<readonly Stage[]> => {
  if (args.includes('--lab')) return labStages();
  const quick = await quickStages();
  if (args.includes('--quick')) return quick;
  if (!isRoot) return [...quick, skipped('real systems and the lab', 'they need root (namespaces, mounts, nftables)')];
  return [...quick, ...(await systemStages())];
};

passOnSignals();
const total: Count = { passed: 0, failed: 0, skipped: 0 };
say(`Node ${process.version}, ${availableParallelism()} processors`);
for (const stage of await stagesFor(process.argv.slice(2))) {
  const began = Date.now();
  say(`\n== ${stage.name}`);
  const count = await stage.run();
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
  const took = ((Date.now() - began) / 1000).toFixed(1);
  say(`   ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped in ${took} s`);
}
say(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
