import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { badInput, InputError, WorkError } from './errors.js';
import { messagePort, startThread } from './worker-node.js';
import { breathe, connect, handingOver, oneByOne, serve, UnforeseenError, type Job, type Port } from './worker.js';

const folder = mkdtempSync(join(tmpdir(), 'worker-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const begun: string[] = [];
const made: Float32Array[] = [];
const errors: Record<string, () => unknown> = {
  problem: () => badInput({ file: 'a.csv', row: 3, message: 'no number', remedy: 'Correct it' }),
  sentence: () => new InputError('There is no model.'),
  work: () => new WorkError('The disk is full.'),
  mistake: () => new TypeError('x is not a function'),
  text: () => 'just text',
};

const tasks = {
  async sum(numbers: readonly number[], { progress }: Job): Promise<number> {
    await Promise.resolve();
    for (const i of numbers.keys()) progress(`number ${i}`, (i + 1) / numbers.length);
    progress('done');
    return numbers.reduce((a, b) => a + b, 0);
  },
  async wait(name: string, { signal }: Job): Promise<string> {
    begun.push(name);
    for (let i = 0; name === 'for ever' || i < 3; i++) await breathe(signal);
    return name;
  },
  fail: (how: string): Promise<never> => {
    throw errors[how]();
  },
  features(length: number): Promise<Float32Array> {
    const features = new Float32Array(length).fill(7);
    made.push(features);
    return Promise.resolve(handingOver(features, [features.buffer]));
  },
  unsendable: () => Promise.resolve(() => 1),
};

let open: Port[] = [];
afterEach(async () => {
  for (const port of open) await port.close();
  open = [];
  begun.length = 0;
});

function connected<T extends typeof tasks>(served: T) {
  const { port1, port2 } = new MessageChannel();
  const [here, there] = [messagePort(port1), messagePort(port2)];
  open.push(here);
  serve(there, served);
  return { worker: connect<T>(here), here, there };
}

const failure = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('calls to a worker', () => {
  test('each gets its own answer, and its progress before it', async () => {
    const { worker } = connected(tasks);
    const progress: unknown[] = [];
    const [sum, other] = await Promise.all([
      worker.sum([1, 2], { onProgress: (...said) => progress.push(said) }),
      worker.sum([40]),
    ]);
    expect([sum, other]).toEqual([3, 40]);
    expect(progress).toEqual([
      ['number 0', 0.5],
      ['number 1', 1],
      ['done', undefined],
    ]);
  });

  test('what is handed over is not copied: it is gone on the other side', async () => {
    const { worker } = connected(tasks);
    expect(await worker.features(3)).toEqual(Float32Array.of(7, 7, 7));
    expect(made.at(-1)).toHaveLength(0);
  });

  test('bad input arrives as InputError, with its problems or its sentence; failed work as WorkError', async () => {
    const { worker } = connected(tasks);
    const problem = await failure(worker.fail('problem'));
    expect(problem).toBeInstanceOf(InputError);
    expect(problem).toMatchObject({
      message: 'a.csv, row 3: no number. Correct it.',
      problems: [{ severity: 'error', file: 'a.csv', row: 3, message: 'no number', remedy: 'Correct it' }],
    });
    const sentence = await failure(worker.fail('sentence'));
    expect(sentence).toBeInstanceOf(InputError);
    expect(sentence).toMatchObject({ message: 'There is no model.', problems: [] });
    const work = await failure(worker.fail('work'));
    expect(work).toBeInstanceOf(WorkError);
    expect(work).toMatchObject({ message: 'The disk is full.' });
  });

  test('anything else is unforeseen, and says where in the worker it happened', async () => {
    const { worker } = connected(tasks);
    const mistake = await failure(worker.fail('mistake'));
    expect(mistake).toBeInstanceOf(UnforeseenError);
    expect(mistake).toMatchObject({
      message: 'x is not a function',
      stack: expect.stringMatching(/^TypeError: x is not a function\n +at .*worker\.test\.ts/),
    });
    expect(await failure(worker.fail('text'))).toMatchObject({ message: 'just text' });
    expect(await failure(worker.unsendable(undefined))).toMatchObject({ message: expect.stringContaining('cloned') });
    await expect((worker as unknown as typeof worker & { none: typeof worker.sum }).none([])).rejects.toThrow(
      "there is no 'none'",
    );
    expect(await worker.sum([1])).toBe(1);
  });

  test('a call is given up with the caller’s reason, and the others go on', async () => {
    const { worker } = connected(tasks);
    const controller = new AbortController();
    const endless = failure(worker.wait('for ever', { signal: controller.signal }));
    const other = worker.wait('other');
    expect(await other).toBe('other');
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await endless).toBe(reason);
    expect(await failure(worker.wait('late', { signal: controller.signal }))).toBe(reason);
    expect(begun).not.toContain('late');
  });

  test('one by one: in the order of the calls, after failures too, and without what was given up in the queue', async () => {
    const { worker } = connected(oneByOne(tasks));
    const [first, queued] = [new AbortController(), new AbortController()];
    const endless = failure(worker.wait('for ever', { signal: first.signal }));
    const dropped = failure(worker.wait('dropped', { signal: queued.signal }));
    const broken = failure(worker.fail('work'));
    const last = worker.wait('last');
    queued.abort();
    await vi.waitFor(() => expect(begun).toEqual(['for ever']));
    first.abort();
    for (const stopped of [endless, dropped]) expect(await stopped).toMatchObject({ name: 'AbortError' });
    expect(await broken).toBeInstanceOf(WorkError);
    expect(await last).toBe('last');
    expect(begun).toEqual(['for ever', 'last']);
  });

  test('where the channel is closed, what is under way fails, and everything after', async () => {
    const { worker, there } = connected(tasks);
    const pending = [failure(worker.wait('for ever')), failure(worker.wait('for ever'))];
    await worker.sum([1]);
    await there.close();
    for (const error of [...(await Promise.all(pending)), await failure(worker.sum([1]))])
      expect(error).toMatchObject({ message: 'the other side has closed the channel' });
  });
});

describe('a thread', () => {
  interface Dying {
    die(input: null): Promise<never>;
  }
  function threadOf(program: string) {
    const file = join(folder, `${program.length}.mjs`);
    writeFileSync(file, program);
    const port = startThread(pathToFileURL(file), 'counts sheep');
    open.push(port);
    return connect<Dying>(port);
  }

  test('that ends: all calls fail with one sentence', async () => {
    const worker = threadOf(
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(1));`,
    );
    const [one, other] = await Promise.all([failure(worker.die(null)), failure(worker.die(null))]);
    for (const error of [one, other, await failure(worker.die(null))])
      expect(error).toMatchObject({ message: 'the thread that counts sheep has ended' });
  });

  test('that breaks: all calls fail with its error', async () => {
    const worker = threadOf(`throw new Error('no sheep');`);
    const [one, other] = await Promise.all([failure(worker.die(null)), failure(worker.die(null))]);
    for (const error of [one, other, await failure(worker.die(null))])
      expect(error).toMatchObject({ message: 'no sheep' });
  });
});
