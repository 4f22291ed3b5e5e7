import { InvalidArgumentError } from 'commander';

/** Where a network can run. */
export const PROVIDERS = ['cpu', 'webgpu', 'cuda'] as const;

/** How the position bias can be computed. */
export const POSITION_BIAS_FORMS = ['sweep', 'dense'] as const;

/** Flag and words of the option that overrides keys of a config, one a time, given as often as needed. */
export const SET = [
  '--set <key=value>',
  'overrides a key of the config, as in --set training.epochs=5; may be repeated',
] as const;

/** Flag and words of the option that hides who the patients are. */
export const PSEUDONYMS = [
  '--pseudonyms <file>',
  'replace patients by codes in what is to be shared; this file, made where it is missing, says who is who: keep it apart',
] as const;

/** Collects the values of an option that may be repeated. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];

/** An option's whole number from 1 on. */
export function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}

/** An option's number of tokens of a bag. */
export function bagSize(text: string): number {
  const tokens = count(text);
  if (tokens < 36 || !Number.isInteger(Math.sqrt(tokens)))
    throw new InvalidArgumentError('It must be a square number from 36 up (100, 400, 2500).');
  return tokens;
}
