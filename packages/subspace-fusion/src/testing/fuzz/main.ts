import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzzKind, HEADER, row } from './fuzz.js';
import { KINDS } from './kinds.js';
import { writeWholeFiles } from './whole-files.js';

/**
 * `npm run fuzz`: reads damaged files of every kind, each in a process of its own with limits, and prints what came of them. Inputs that hang, take too
 * much memory, or end in anything but an answer or a sentence for the user are kept, and the exit code is 1.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    inputs: { type: 'string' },
    kinds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'fuzz-failures' },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `npm run fuzz -- [--minutes 5] [--inputs N] [--kinds 'bags h5,h5ad'] [--seed 1] [--out fuzz-failures]
  --minutes  for all kinds together; --inputs  stops a kind after this many
  kinds: ${Object.keys(KINDS).join(', ')}`;

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const kinds = values.kinds?.split(',').map((kind) => kind.trim()) ?? Object.keys(KINDS);
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  const inputs = values.inputs === undefined ? undefined : Number(values.inputs);
  const isWrong = !(minutes > 0) || !Number.isInteger(seed) || (inputs !== undefined && !(inputs > 0));
  if (values.help || isWrong || kinds.some((kind) => !Object.hasOwn(KINDS, kind))) {
    say(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const work = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const limits = { seconds: 10, memory: 1.5e9 };
  const failures: string[] = [];
  try {
    await writeWholeFiles(work, kinds);
    HEADER.forEach(say);
    for (const kind of kinds) {
      const seconds = (60 * minutes) / kinds.length;
      const figures = await fuzzKind(kind, { seed, seconds, inputs, limits, work, failures: values.out });
      say(row(figures));
      for (const [way, { index, count }] of figures.failures)
        failures.push(`${kind}, input ${index}, ${count} times: ${way}`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  if (failures.length === 0) return;
  say(`\n${failures.join('\n')}\nThe inputs are in ${values.out}.`);
  process.exitCode = 1;
}

await main();
