import { join } from 'node:path';
import { sha256File } from '../../cohort/cohort-files.js';
import type { Run } from '../../runs/open-run.js';
import { exists, RUN_FILES } from '../../runs/run-folder.js';
import { isBetterEpoch, selectionValue } from '../../runs/training-files.js';
import type { LocalFinding } from './findings.js';

/** Files of a run that are not those that its result was written with. */
export async function changedFiles(run: Run): Promise<LocalFinding[]> {
  const { files = {} } = (await run.result()) ?? {};
  const findings: LocalFinding[] = [];
  for (const [name, hash] of Object.entries(files)) {
    const path = join(run.name, name);
    if (!(await exists(path)) || (await sha256File(path)) === hash) continue;
    findings.push({
      kind: 'changed',
      severity: 'leak',
      message: `${name} is not the file that result.json was written with`,
      who: [name],
      remedy: 'Score the run again: `subspace evaluate`',
    });
  }
  return findings;
}

/** Whether the epoch that was kept is the one that `training.select` asks for: by the metric or the likelihood of the validation patients the earliest of equals; the last where none could be scored. */
export async function keptEpoch(run: Run): Promise<LocalFinding[]> {
  const epochs = await run.epochs();
  if (epochs.length === 0 || !(await exists(join(run.name, RUN_FILES.checkpoint)))) return [];
  const { epoch: kept } = await run.checkpoint();
  const { select } = (await run.config()).training;
  let [best] = epochs;
  for (const epoch of epochs)
    if (isBetterEpoch(selectionValue(epoch, select), selectionValue(best, select))) best = epoch;
  if (kept === best.epoch) return [];
  return [
    {
      kind: 'epoch',
      severity: 'leak',
      message:
        `the kept weights are of epoch ${kept}, and ${select === 'last' ? 'the last' : 'the best on the validation patients'} is epoch ${best.epoch} (${select === 'metric' ? best.validation.metric : select}): ` +
        'other patients may have chosen it',
      who: [],
      remedy: 'Train again, and keep what training keeps',
    },
  ];
}
