/** Fewer numbers than this may have three decimals by chance. */
const FEWEST = 4;

/** Watches the numbers of a table for points that separate thousands, as a spreadsheet in German writes 1234. */
export interface ThousandsWatch {
  /** Looks at one more number; whether its point may be such a one. */
  readonly mayBeThousands: (text: string) => boolean;
  /**
   * Whether the points separate thousands in all the numbers that were seen: each is before three digits, and what has no point is whole, below
   * 1000, and now and then of three digits. A point of decimals is sooner or later before another number of digits.
   */
  readonly areThousands: () => boolean;
}

export function watchThousands(): ThousandsWatch {
  let isPossible = true;
  let separated = 0;
  let hundreds = 0;
  return {
    mayBeThousands: (text) => {
      if (!isPossible) return false;
      if (/^-?[1-9]\d{0,2}(\.\d{3})+$/.test(text)) {
        separated++;
        return true;
      }
      if (/^-?\d{3}$/.test(text)) hundreds++;
      else isPossible = /^-?\d{1,2}$/.test(text);
      return false;
    },
    areThousands: () => isPossible && separated >= FEWEST && hundreds > 0,
  };
}

/** Whether commas before three digits separate thousands (`1,234.5`); `1,234` alone may be a decimal comma instead. */
export const hasThousandsCommas = (text: string): boolean =>
  /^[-+]?[1-9]\d{0,2}(,\d{3})+\.\d+$|^[-+]?[1-9]\d{0,2}(,\d{3}){2,}$/.test(text);
