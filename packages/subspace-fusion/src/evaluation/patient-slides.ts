import { basename } from 'node:path';
import { cutDifferences, readBagHeader, sameEncoder } from '../cohort/index.js';
import { UserError } from '../files/user-error.js';
import type { Model } from '../training/model.js';

/**
 * What the encoders and patches of these slides give cause to warn of.
 * @throws UserError for a file that is no bag, or one of another width than the model's.
 */
export async function checkBags(
  paths: readonly string[],
  { size, encoder, provenance = {} }: Model,
): Promise<string[]> {
  const warnings: string[] = [];
  for (const path of paths) {
    const header = await readBagHeader(path);
    if (header.width !== size.patchWidth) {
      throw new UserError(
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
