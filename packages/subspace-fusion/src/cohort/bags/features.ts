import type { Config } from '../../config/config.js';
import { counted, type Problem } from '../../files/errors.js';
import { withFile } from '../../files/file-source.js';
import { quantile } from '../../metrics/arrays.js';
import type { Bag, BagFile, BagHeader } from '../types.js';
import type { BagContent } from './content.js';
import { checkBagSource, parseBag, parseBagHeader } from './parse.js';

/** {@link parseBagHeader} of a path. */
export const readBagHeader = (path: string): Promise<BagHeader> => withFile(path, parseBagHeader);

/** {@link parseBag} of a slide's file, which is open only meanwhile. */
export const readBag = ({ path }: BagFile, atMost?: number): Promise<Bag> =>
  withFile(path, (source) => parseBag(source, atMost));

/** {@link checkBagSource} of a path. */
export const checkBag = (path: string): Promise<BagContent> => withFile(path, checkBagSource);

/** Up to so many tokens the network's keys are a single one, and attention chooses nothing (docs/method.md, 2.4: 6 × 6 and 7 × 7). */
const SINGLE_KEY = 49;
/** The smallest bag that the method was tried with. */
const SMALL = 400;
/** A bag that repeats the typical slide so often costs time and memory and adds nothing. */
const REPEATS = 4;

/** Whether the bag has a size that suits the network and the slides. */
export function bagSizeProblems(
  { features, model: { bag } }: Config,
  headers: ReadonlyMap<string, BagHeader>,
): Problem[] {
  const warning = (message: string, remedy: string): Problem[] => [
    { severity: 'warning', file: features.folder, message, remedy },
  ];
  if (bag <= SINGLE_KEY)
    return warning(
      `a bag of ${bag} tokens (model.bag) leaves the attention a single key`,
      `Take ${SMALL} or more, but for a quick trial`,
    );
  if (headers.size === 0) return [];
  const patches = Float64Array.from(headers.values(), (header) => header.patches);
  const median = Math.ceil(quantile(patches, 0.5));
  const enough = Math.max(SMALL, Math.ceil(Math.sqrt(median)) ** 2);
  if (bag < REPEATS * median || enough >= bag) return [];
  const message = `a bag has ${bag} tokens (model.bag), and half of the slides have ${counted(median, 'patch', 'patches')} or fewer, each repeated ${Math.floor(bag / median)} times or more`;
  return warning(message, `${enough} tokens hold as much and take less time`);
}
