import { basename } from 'node:path';
import {
  cutDifferences,
  readBagHeader,
  readExpression,
  readGeneMap,
  sameEncoder,
  type Expression,
} from '../cohort/index.js';
import type { Config } from '../config/config.js';
import { InputError, type Problem } from '../files/errors.js';
import type { GeneVectors } from '../inference/batch.js';
import type { Model } from '../runs/model.js';
import { applyGeneScaling } from '../runs/scaling.js';

/**
 * What the encoders and patches of these slides give cause to warn of.
 * @throws InputError for a file that is no bag, or one of another width than the model's.
 */
export async function checkBags(
  paths: readonly string[],
  { size, encoder, provenance = {} }: Model,
): Promise<string[]> {
  const warnings: string[] = [];
  for (const path of paths) {
    const header = await readBagHeader(path);
    if (header.width !== size.patchWidth) {
      throw new InputError(
        `${path}: features are ${header.width} wide, the model's are ${size.patchWidth}. Extract them with the model's encoder.`,
      );
    }
    warnings.push(...encoderWarnings(path, header.encoder, encoder));
    const differences = cutDifferences(provenance, header);
    if (differences.length > 0)
      warnings.push(`${basename(path)}: ${differences.join('; ')}. Do not trust this prediction`);
  }
  return warnings;
}

/** Features mean nothing to a model that was trained on another encoder's. */
function encoderWarnings(path: string, found: string | undefined, trained: string | undefined): string[] {
  const file = basename(path);
  if (trained === undefined)
    return [`${file}: the model does not know which encoder its features came from, so it cannot be checked`];
  if (found === undefined)
    return [
      `${file}: does not say its encoder; the model was trained on '${trained}' features. Do not trust this prediction unless it is the same one`,
    ];
  if (!sameEncoder(found, trained))
    return [
      `${file}: features are of encoder '${found}', the model was trained on '${trained}'. Do not trust this prediction`,
    ];
  return [];
}

/** Whose expression, and as the model reads it. */
export interface PatientExpression {
  readonly patient: string;
  readonly genes: GeneVectors;
}

/**
 * One patient's scaled expression from a matrix, read as the training's matrix was, and where it cannot be, as what it looks like.
 * @param asked the patient; needed where the matrix holds several and no name of a bag starts with one of their ids
 * @throws InputError for a file that cannot be read, genes of the model that are missing, another unit, or a patient who is not in the matrix
 */
export async function readPatientExpression(
  file: string,
  model: Model,
  format: Config['expression'],
  bags: readonly string[],
  asked: string | undefined,
  problems: Problem[],
): Promise<PatientExpression> {
  const expression = await readMatrix(file, model, format, problems);
  const patient = choosePatient(expression.patients, bags, file, asked);
  requireGenes(model, file, expression);
  refuseOtherUnit(model, file, expression);
  const scaled = (scaling: Model['scaling']['tumour']) => applyGeneScaling(scaling, expression, [patient]);
  return {
    patient,
    genes: { tumour: scaled(model.scaling.tumour), microenvironment: scaled(model.scaling.microenvironment) },
  };
}

function genesOf({ scaling }: Model): Set<string> {
  return new Set([...scaling.tumour.genes, ...scaling.microenvironment.genes]);
}

/** The matrix in the format of the training's, or in its own. */
async function readMatrix(
  file: string,
  model: Model,
  { geneMap: mapFile, format, column, samples }: Config['expression'],
  problems: Problem[],
): Promise<Expression> {
  const geneMap = mapFile === undefined ? undefined : await readGeneMap(mapFile, problems);
  const read = async (options: Pick<Config['expression'], 'format' | 'column' | 'samples'>) => {
    const found: Problem[] = [];
    const { expression } = await readExpression(
      file,
      { patients: undefined, genes: genesOf(model), geneMap },
      found,
      options,
    );
    problems.push(...found);
    return expression;
  };
  if (format === undefined && samples === undefined) return read({ column });
  return read({ format, column, samples }).catch((error: unknown) => {
    // Another format, or a sheet of its own beside it.
    return read({ column }).catch(() => {
      throw error;
    });
  });
}

/** The model was built on these genes and has no value for one that is missing. */
function requireGenes(model: Model, file: string, expression: Expression): void {
  const there = new Set(expression.genes);
  const needed = [...genesOf(model)];
  const absent = needed.filter((gene) => !there.has(gene));
  if (absent.length === 0) return;
  const some = `${absent.slice(0, 3).join(', ')}${absent.length > 3 ? ` and ${absent.length - 3} more` : ''}`;
  throw new InputError(
    `${file}: lacks ${absent.length} of the ${needed.length} genes that the model needs (${some}). Add them.`,
  );
}

function choosePatient(
  patients: readonly string[],
  bags: readonly string[],
  file: string,
  asked: string | undefined,
): string {
  if (asked !== undefined) {
    if (!patients.includes(asked))
      throw new InputError(
        `${file}: has no patient '${asked}'. It has ${patients.slice(0, 3).join(', ')}${patients.length > 3 ? ', …' : ''}.`,
      );
    return asked;
  }
  if (patients.length === 1) return patients[0];
  const named = patients.filter((id) => bags.every((bag) => isNamedAfter(basename(bag), id)));
  if (named.length === 1) return named[0];
  throw new InputError(
    `${file}: holds ${patients.length} patients and the bag's name tells none of them. Say which with --patient.`,
  );
}

/** Whether a file name starts with the id and the id ends there: `P10.h5` is not named after `P1`. */
function isNamedAfter(name: string, id: string): boolean {
  return name.startsWith(id) && !/[A-Za-z0-9]/.test(name.charAt(id.length));
}

/** Expression whose logarithm the model takes cannot be negative; what is negative was transformed already. */
function refuseOtherUnit({ scaling }: Model, file: string, { values }: Expression): void {
  if (scaling.tumour.transform !== 'log2p1' || values.every((x) => !(x < 0))) return;
  throw new InputError(
    `${file}: has negative values, but the model was trained on counts, TPM or FPKM. Give the expression in the unit that it was trained on.`,
  );
}
