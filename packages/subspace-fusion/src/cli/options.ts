import { InvalidArgumentError } from 'commander';

/** Where a network can run. */
export const PROVIDERS = ['cpu', 'webgpu', 'cuda'] as const;

/** How the position bias can be computed. */
export const POSITION_BIAS_FORMS = ['sweep', 'dense'] as const;

/** An option's whole number from 1 on. */
export function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}

/** An option's number of tokens of a bag. */
export function bagSize(text: string): number {
  const tokens = count(text);
  if (tokens < 36 || !Number.isInteger(Math.sqrt(tokens))) throw new InvalidArgumentError('It must be a square number from 36 up (100, 400, 2500).');
  return tokens;
}
