/** Tells numbers that come in pieces apart from others by 64 bits that are made of all of theirs. */
export interface BitsHash {
  readonly add: (numbers: Float32Array) => void;
  /** Equal for equal numbers in the same order, however they were cut; for others only by a chance of 1 in 10¹⁹. Nothing that is safe from a forger. */
  readonly digest: () => string;
}

/** Two multiplicative hashes, with a rotation so that bits of each height reach all others. */
export function bitsHash(): BitsHash {
  let [one, other] = [0x811c9dc5, 0x9747b28c];
  return {
    add: (numbers) => {
      const bits = new Uint32Array(numbers.slice().buffer);
      for (const word of bits) {
        one = Math.imul(((one << 5) | (one >>> 27)) ^ word, 0x01000193);
        other = Math.imul(((other << 13) | (other >>> 19)) ^ word, 0x85ebca6b);
      }
    },
    digest: () => `${one >>> 0}-${other >>> 0}`,
  };
}
