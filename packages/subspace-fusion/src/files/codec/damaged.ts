/** Compressed data that cannot be undone: damaged, cut short, or larger than was allowed. */
export class DamagedData extends Error {
  override name = 'DamagedData';
  readonly isTooLarge: boolean;

  constructor(reason: string, isTooLarge = false) {
    super(reason);
    this.isTooLarge = isTooLarge;
  }
}

export const tooLarge = (most: number): DamagedData => new DamagedData(`more than ${most} bytes`, true);
