/** What the readers of subspace-fusion take from `node:util`. */
export const promisify =
  <I, O, R>(work: (input: I, options: O, done: (error: Error | null, result?: R) => void) => void) =>
  (input: I, options: O): Promise<R> =>
    new Promise((resolve, reject) =>
      work(input, options, (error, result) => (error ? reject(error) : resolve(result!))),
    );
