import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeBag } from '../cohort/made-files.test.helper.js';
import { openRunFolder } from '../runs/run-folder.js';
import { isPlainMessage, subspace } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { smallDisk } from '../testing/small-disk.js';
import { copyCohort, editTable, newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { train } from '../training/train.js';
import { VERSION } from '../version.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const cohort = join(folder, 'cohort');
const run = join(folder, 'run');
const bag = (id: string) => join(cohort, 'bags', `${id}-DX1.h5`);
let yaml: string;
beforeAll(async () => {
  yaml = await tinyCohort(cohort);
  await train({ config: await shortConfig(yaml, { 'training.epochs': '1' }), out: run });
});

/** The command is refused as bad input: exit code 2, one or two lines, no stack. Returns the message. */
async function refusal(...args: string[]): Promise<string> {
  const { code, err } = await subspace(...args);
  expect(code, err).toBe(2);
  const message = withoutHint(err);
  expect(isPlainMessage(message), err).toBe(true);
  return message.trim();
}

/** What was printed without the warning that a bag of 36 tokens, quick to train on, is small. */
const withoutHint = (err: string) => err.replace(/^warning: .* a bag of 36 tokens .*\n/m, '');

describe('a cohort that is not right', () => {
  let next = 0;
  /** The message of `train` on a changed copy, which must not leave a run behind. */
  async function trainOn(change: (copy: string) => unknown, ...more: string[]): Promise<string> {
    const copy = join(folder, `bad-${next++}`);
    const config = copyCohort(cohort, copy);
    await change(copy);
    const message = await refusal('train', config, '--out', join(copy, 'run'), '--set', 'training.epochs=1', ...more);
    expect(existsSync(join(copy, 'run', 'model.json'))).toBe(false);
    return message.replaceAll(copy, '');
  }

  test('a truncated HDF5 file', async () => {
    const size = statSync(bag('SIM-0003')).size;
    expect(await trainOn((copy) => truncateSync(join(copy, 'bags', 'SIM-0003-DX1.h5'), size - 100))).toBe(
      `/bags/SIM-0003-DX1.h5: the HDF5 file is cut short: ${size - 100} of ${size} bytes. Copy or extract it again.`,
    );
  });

  test('a text file named .h5', async () => {
    expect(await trainOn((copy) => writeFileSync(join(copy, 'bags', 'SIM-0003-DX1.h5'), 'x,y\n1,2\n'))).toBe(
      '/bags/SIM-0003-DX1.h5: this is a text file, not HDF5. Put the HDF5 file itself here.',
    );
  });

  test('an expression matrix with one patient', async () => {
    const message = await trainOn((copy) => {
      editTable(join(copy, 'expression.csv.gz'), (rows) => rows.map((row) => row.slice(0, 2)));
    });
    expect(message).toMatch(
      /^\/clinical\.csv: 1 of 24 patients have expression and a slide \(1 have expression, 24 a slide\)\. Use the same patient ids in all files; a cohort needs two patients at least\.$/,
    );
  });

  test('a task whose labels are all equal', async () => {
    const message = await trainOn(
      (copy) => {
        editTable(join(copy, 'clinical.csv'), (rows) =>
          rows.map((row, r) => (r === 0 ? row : row.with(rows[0].indexOf('site'), 'A'))),
        );
      },
      '--set',
      'task={column: site}',
    );
    expect(message).toBe("/clinical.csv: all 24 patients have the label 'A'. A task needs two classes at least.");
  });

  test('nobody has died', async () => {
    const message = await trainOn((copy) => {
      editTable(join(copy, 'clinical.csv'), (rows) =>
        rows.map((row, r) => (r === 0 ? row : row.with(rows[0].indexOf('event'), '0'))),
      );
    });
    expect(message).toBe(
      "/clinical.csv: no death was seen among 24 patients. Check the column 'event' (clinical.event).",
    );
  });

  test('hardly anybody has died', async () => {
    const message = await trainOn((copy) => {
      editTable(join(copy, 'clinical.csv'), (rows) =>
        rows.map((row, r) => (r === 0 || r < 4 ? row : row.with(rows[0].indexOf('event'), '0'))),
      );
    });
    expect(message).toMatch(
      /^\/clinical\.csv: the \d+ training patients have \d observed deaths? at \d times?: too few for the four survival bins\. Train on more patients, or follow them up for longer\.$/,
    );
  });

  test('slides of two encoders', async () => {
    const wide = { shape: [36, 20], features: new Float32Array(720), encoder: 'simulated' };
    expect(await trainOn((copy) => writeBag(join(copy, 'bags'), 'SIM-0003-DX1.h5', wide))).toMatch(
      /^\/bags\/SIM-0003-DX1\.h5: the features are 20 wide.*; those of \/bags\/SIM-0001-DX1\.h5 are 16 wide.*\. Extract all slides with one encoder\.$/,
    );
  });

  test('a feature that is no number, found while training', async () => {
    const [id] = (await (await openRunFolder(run)).split()).train;
    const features = new Float32Array(576);
    features[40] = NaN;
    const copy = join(folder, 'nan');
    const config = copyCohort(cohort, copy);
    await writeBag(join(copy, 'bags'), `${id}-DX1.h5`, { shape: [36, 16], features, encoder: 'simulated' });
    const message = await refusal('train', config, '--out', join(copy, 'run'), '--set', 'training.epochs=1');
    expect(message.replace(copy, '')).toMatch(
      new RegExp(
        `^/bags/${id}-DX1\\.h5: feature 8 of patch 2 \\(from 0\\) is NaN\\. Extract the features of this slide again`,
      ),
    );
  });

  test('a run folder that cannot be made', async () => {
    const out = join(cohort, 'clinical.csv', 'run');
    expect(await refusal('train', yaml, '--out', out)).toMatch(
      /clinical\.csv\/run: cannot be written, a file or folder of that name is in the way/,
    );
  });
});

describe('a config that is not right', () => {
  test.each([
    [
      'a key with a typo',
      ['--set', 'trainin.epochs=3'],
      /cohort\.yaml|--set: unknown key 'trainin'\. Did you mean 'training'\?$/,
    ],
    [
      'a key with a typo below',
      ['--set', 'training.epoch=3'],
      /^--set: unknown key 'training\.epoch'\. Did you mean 'training\.epochs'\?$/,
    ],
    [
      'a value of the wrong kind',
      ['--set', 'training.epochs=many'],
      /^--set: 'training\.epochs' is 'many', and should be a number\. Correct the value\.$/,
    ],
    ['a bag that is no square', ['--set', 'model.bag=37'], /a bag is a square number of tokens from 36 up/],
    ['no key at all', ['--set', 'epochs'], /^--set epochs: expected key=value, for example --set training\.epochs=5$/],
    [
      'a column with a typo',
      ['--set', 'clinical.time=survival_month'],
      /there is no column 'survival_month' \(clinical\.time\)\. Did you mean 'survival_months'\?$/,
    ],
    ['a gene set with a typo', ['--set', 'geneSets.tumour=TUMOR'], /'TUMOR'.*Did you mean 'TUMOUR'\?$/],
    [
      'a provider that this machine lacks',
      ['--set', 'provider=cuda'],
      /^The provider 'cuda' does not work on this machine \(.*\)\. Use cpu\.$/,
    ],
  ])('%s', async (_what, settings, message) => {
    expect(await refusal('train', yaml, '--out', join(folder, 'never'), ...settings)).toMatch(message);
  });

  test('a file that is not there, or is no YAML', async () => {
    expect(await refusal('train', join(folder, 'nothing.yaml'))).toMatch(
      /nothing\.yaml: the file does not exist\. Check the path/,
    );
    writeFileSync(join(folder, 'broken.yaml'), 'name: x\n  clinical: [1\n');
    expect(await refusal('train', join(folder, 'broken.yaml'))).toMatch(/broken\.yaml, row \d: this is not YAML: /);
  });
});

describe('a run folder that is not right', () => {
  test('one that is not there', async () => {
    expect(await refusal('evaluate', join(folder, 'nowhere'))).toMatch(
      /nowhere\/model\.json: not found\. Is .*nowhere the folder of a run that `subspace train` wrote\?$/,
    );
    expect(await refusal('predict', join(folder, 'nowhere'), '--bag', bag('SIM-0001'), '--expression', 'x')).toMatch(
      /not found\. Is .* the folder of a run/,
    );
  });

  /** A copy of the run with something changed. */
  function copyRun(name: string, change: (copy: string) => void): string {
    const copy = join(folder, name);
    copyCohort(run, copy);
    change(copy);
    return copy;
  }

  test('a checkpoint of another task, even where its parameters have the same shapes', async () => {
    const diagnosis = join(folder, 'diagnosis'); // four classes, as survival has four bins
    await train({
      config: await shortConfig(yaml, { task: 'diagnosis', 'training.epochs': '1', 'split.validation': '0.3' }),
      out: diagnosis,
    });
    const mixed = copyRun('mixed', (copy) =>
      copyFileSync(join(diagnosis, 'checkpoint.safetensors'), join(copy, 'checkpoint.safetensors')),
    );
    const message =
      /checkpoint\.safetensors: is the checkpoint of another model \(task diagnosis\); that of this run has the task survival\. Restore/;
    expect(await refusal('evaluate', mixed)).toMatch(message);
    expect(
      await refusal('predict', mixed, '--bag', bag('SIM-0001'), '--expression', join(cohort, 'expression.csv.gz')),
    ).toMatch(message);
  });

  test('files that are missing, cut or no JSON', async () => {
    expect(
      await refusal(
        'evaluate',
        copyRun('cut', (copy) => truncateSync(join(copy, 'checkpoint.safetensors'), 1000)),
      ),
    ).toMatch(/checkpoint\.safetensors: .*is it whole\?/);
    expect(
      await refusal(
        'evaluate',
        copyRun('none', (copy) => rmSync(join(copy, 'checkpoint.safetensors'))),
      ),
    ).toMatch(/checkpoint\.safetensors: not found; the run has not finished its first epoch/);
    expect(
      await refusal(
        'evaluate',
        copyRun('json', (copy) => truncateSync(join(copy, 'model.json'), 100)),
      ),
    ).toMatch(/model\.json: not valid JSON; the run folder was changed or copied in part/);
    const newer = copyRun('newer', (copy) => writeFileSync(join(copy, 'model.json'), '{"format":2}'));
    expect(await refusal('evaluate', newer)).toMatch(
      /model\.json: has format 2, which this version does not read \(it reads 1\)\. Use a newer version/,
    );
  });
});

describe('a command line that is not right', () => {
  test.each([
    [['trian'], "error: unknown command 'trian' (Did you mean train?)\n(--help shows the options)"],
    [['train'], "error: missing required argument 'config'\n(--help shows the options)"],
    [
      ['train', 'x.yaml', '--resum'],
      "error: unknown option '--resum' (Did you mean --resume?)\n(--help shows the options)",
    ],
    [
      ['evaluate', 'run', '--split', 'tset'],
      "error: option '--split <part>' argument 'tset' is invalid. Allowed choices are train, validation, test.\n(--help shows the options)",
    ],
    [
      ['bench', 'step', '--bag', '37'],
      "error: option '--bag <n>' argument '37' is invalid. It must be a square number from 36 to 65536 (100, 400, 2500).\n(--help shows the options)",
    ],
    [
      ['bench', 'step', '--threads', '0'],
      `error: option '--threads <n>' argument '0' is invalid. It must be a whole number from 1 to ${availableParallelism()}, the cores that are here.\n(--help shows the options)`,
    ],
    [
      ['verify', 'dir', '--provider', 'tpu'],
      "error: option '--provider <name>' argument 'tpu' is invalid. Allowed choices are cpu, webgpu, cuda.\n(--help shows the options)",
    ],
  ])('%s', async (args, message) => {
    expect(await refusal(...args)).toBe(message);
  });

  test('help and version are no errors', async () => {
    for (const args of [['--help'], ['train', '--help'], ['bench', 'step', '--help']]) {
      const { code, out, err } = await subspace(...args);
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain('Usage: subspace');
    }
    expect((await subspace('--version')).out.trim()).toBe(VERSION);
    expect(
      (JSON.parse(readFileSync('packages/subspace-fusion/package.json', 'utf8')) as { version: string }).version,
    ).toBe(VERSION);
  });
});

const disk = smallDisk('7m');
describe.skipIf(disk === undefined)('a full disk while training (needs the right to mount a tmpfs)', () => {
  afterAll(() => {
    execFileSync('umount', [defined(disk)]);
  });

  test('one message, exit code 1, and the checkpoint before is whole', async () => {
    const out = join(defined(disk), 'run');
    // The first epoch takes 5.8 of 7 MB; the temporary file of the second does not fit.
    const { code, err } = await subspace(
      'train',
      yaml,
      '--out',
      out,
      '--set',
      'training.epochs=4',
      '--set',
      'training.batch=6',
    );
    expect(code).toBe(1);
    const messages = withoutHint(err)
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('epoch'));
    expect(messages).toEqual([
      expect.stringMatching(
        /^\/.*\/(checkpoint|state)\.safetensors: not written, the disk is full \(ENOSPC\)\. What was there before is intact\. Free some space and run this again\.$/,
      ),
    ]);
    const evaluation = await subspace('evaluate', out, '--json');
    expect(evaluation.code).toBe(0);
    expect((JSON.parse(evaluation.out) as { task: string }).task).toBe('survival');
  });
});
