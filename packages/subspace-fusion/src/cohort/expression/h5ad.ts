import { badInput, InputError, type Problem } from '../../files/errors.js';
import { withHdf5, type Group, type Hdf5 } from '../../files/hdf5.js';
import type { Source } from '../../files/source.js';
import { checkCells } from './cells.js';
import { frame, indexOf, isStringColumn, readStrings } from './h5ad-columns.js';
import { variableGenes } from './h5ad-genes.js';
import { openMatrix, readRowsOf, requireValues } from './h5ad-matrix.js';
import { chooseSamples, type RawExpression, type ReadContext } from './samples.js';

/** Numbers that are kept in memory: 1 GiB of float32. */
const MOST_VALUES = 2 ** 28;

/**
 * Reads an AnnData file (anndata documentation, "On-disk format"): `X` dense, compressed by rows (CSR) or by columns (CSC); patients from the index
 * of `obs`, or from the column of it in which most ids of the clinical table stand; genes from the index of `var` and, where that holds Ensembl ids, symbols
 * from `var/gene_symbols` and its like; where it holds no gene of the gene sets, from the column of text that holds most. Only the rows of kept patients are read.
 * @throws {InputError} for a file that is no AnnData, contradicts itself, or has several rows a patient (single cells).
 */
export async function readH5ad(source: Source, context: ReadContext, problems: Problem[]): Promise<RawExpression> {
  const file = source.name;
  return withHdf5(source, async (hdf5) => {
    const matrix = await openMatrix(hdf5, file);
    const [observations, variables] = [await frame(hdf5, file, 'obs'), await frame(hdf5, file, 'var')];
    const names = await patientNames(hdf5, observations, context, file);
    const index = await indexOf(hdf5, observations, file);
    const ids = await indexOf(hdf5, variables, file, true);
    const [n, width] = matrix.shape;
    if (index.length !== n || ids.length !== width) {
      const message = `X is ${n} × ${width}, but obs has ${index.length} rows and var ${ids.length}`;
      throw badInput({ file, message, remedy: 'Write the file again with anndata' });
    }
    refuseSingleCells(file, index, names, context);
    const choice = chooseSamples(
      names.map((name) => context.nameSample(name)),
      context.patients,
    );
    if (choice.places.length * width > MOST_VALUES) {
      throw badInput({
        file,
        message: `${choice.places.length} × ${width} values are too many`,
        remedy: 'Leave genes or patients out',
      });
    }
    const genes = await variableGenes(hdf5, variables, ids, context, file, problems);
    const cells = checkCells((gene) => context.genes.has(gene));
    const rows = await readRowsOf(hdf5, matrix, choice.places, file, (value, r, g) =>
      cells.read(String(value), genes[g].symbol, choice.places[r] + 1, genes[g].name),
    );
    await requireValues(rows, hdf5, file);
    const wrong = cells.problems(file);
    if (wrong.length > 0) throw new InputError(wrong);
    const patients = choice.places.map((place) => context.nameSample(names[place]).patient);
    return { orientation: 'patients × genes', patients, genes, rows, genesAreRows: false, choice };
  });
}

/** Two rows whose index differs and whose patient is the same by a column are cells, not samples. */
function refuseSingleCells(
  file: string,
  index: readonly string[],
  names: readonly string[],
  { patients, nameSample }: ReadContext,
): void {
  const seen = new Map<string, string>();
  names.forEach((name, i) => {
    const before = seen.get(name);
    if (before !== undefined && (patients?.has(nameSample(name).patient) ?? true)) {
      throw badInput({
        file,
        message: `'${name}' has several rows ('${before}' and '${index[i]}')`,
        remedy: 'One row a sample is needed: sum the cells of each patient first',
      });
    }
    seen.set(name, index[i]);
  });
}

/** The index of `obs`, or the column of it that holds more of the patients. */
async function patientNames(
  hdf5: Hdf5,
  observations: Group,
  { patients, nameSample }: ReadContext,
  file: string,
): Promise<string[]> {
  const index = await indexOf(hdf5, observations, file);
  if (!patients) return index;
  const known = (names: readonly string[]) =>
    new Set(names.map((name) => nameSample(name).patient).filter((id) => patients.has(id))).size;
  let best = { names: index, known: known(index) };
  if (best.known > 0) return index;
  for (const column of observations.keys) {
    const entity = await hdf5.get(observations, column);
    if (!(await isStringColumn(hdf5, entity))) continue;
    const names = await readStrings(hdf5, entity, file, `${observations.path}/${column}`);
    if (names.length === index.length && known(names) > best.known) best = { names, known: known(names) };
  }
  return best.names;
}
