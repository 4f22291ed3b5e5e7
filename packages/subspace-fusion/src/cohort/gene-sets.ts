import { readFile } from 'node:fs/promises';
import type { Config } from './config.js';
import { suggest } from './nearest.js';
import { badInput, someOf, type Problem } from './problems.js';
import { requireFile } from './table.js';
import { SUBSPACES, type Cohort } from './types.js';

/** Reads a GMT file: one set a line, `name <tab> source <tab> gene <tab> gene …`. A gene counts once in a set. */
export async function readGeneSets(file: string): Promise<Map<string, readonly string[]>> {
  await requireFile(file);
  const sets = new Map<string, readonly string[]>();
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/);
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    const [name, , ...genes] = line.split('\t').map((cell) => cell.trim());
    const wrong = (message: string, remedy: string) => badInput({ file, row: i + 1, message, remedy });
    if (genes.length === 0) throw wrong('the line has no genes', 'A line of GMT is: name, source, genes, separated by tabs');
    if (sets.has(name!)) throw wrong(`the set '${name}' stands here a second time`, 'Rename or delete one of them');
    sets.set(name!, [...new Set(genes.filter((gene) => gene !== ''))]);
  });
  return sets;
}

/**
 * The genes of the two subspaces. A gene of both sets is a warning: the subspaces are meant to be disjoint.
 * @throws {UserError} for a file that cannot be read, or a set that is not in it.
 */
export async function readSubspaceGenes(config: Config['geneSets'], problems: Problem[]): Promise<Cohort['genes']> {
  const { file } = config;
  const sets = await readGeneSets(file);
  for (const subspace of SUBSPACES) {
    const name = config[subspace];
    if (!sets.has(name)) {
      throw badInput({ file, message: `there is no set '${name}' (geneSets.${subspace})`, remedy: suggest(name, [...sets.keys()]) });
    }
  }
  const tumour = sets.get(config.tumour)!;
  const microenvironment = sets.get(config.microenvironment)!;
  const both = tumour.filter((gene) => microenvironment.includes(gene));
  if (both.length > 0) {
    problems.push({
      severity: 'warning',
      file,
      message: `${both.length} genes are in both sets (${someOf(both)})`,
      remedy: 'Take them out of one set to keep the subspaces apart',
    });
  }
  return { tumour, microenvironment };
}
