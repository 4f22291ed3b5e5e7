import { Cancelled, PlainError, type CallOptions } from '../engine/rpc.js';
import { button, el } from './dom.js';

/** What is going on: one line, a bar, and a button to stop it. Errors stay until the next work begins. */
export interface Status {
  /** Shows work under way; resolves with what it returns, or undefined where it was stopped or failed, which is said. */
  during<T>(doing: string, work: (options: CallOptions) => Promise<T>): Promise<T | undefined>;
  /** Says that something is wrong. */
  fail(message: string): void;
}

/** Work that takes less is not worth a moving page. */
const PATIENCE_MS = 250;

export function makeStatus(element: HTMLElement): Status {
  const line = el('span', { class: 'doing' });
  const bar = el('progress', { 'aria-label': 'Progress' });
  const stop = el('button', { type: 'button' }, 'Cancel');
  const busy = el('div', { class: 'busy', hidden: true }, line, bar, stop);
  const said = el('p', { class: 'said', role: 'status' });
  const errors = el('div', { role: 'alert' });
  element.append(busy, said, errors);
  const usualSteps = new Map<string, number>(); // of each kind of work, by what it took the last time
  let atWork = 0;
  const working = (by: number) => {
    atWork += by;
    element.dataset['busy'] = String(atWork);
  };
  working(0);

  function fail(message: string): void {
    const box = el('div', { class: 'error' }, ...message.split('\n').map((text) => el('p', {}, text)));
    box.append(button('Dismiss', () => box.remove()));
    errors.replaceChildren(box);
  }

  return {
    fail,
    async during(doing, work) {
      const controller = new AbortController();
      let current = doing;
      let steps = 0;
      const show = () => {
        const usual = usualSteps.get(doing);
        line.textContent = steps > 1 ? `${current}, part ${steps}` : current;
        if (!usual || steps > usual) bar.removeAttribute('value');
        else bar.value = steps / usual;
      };
      const giveUp = () => controller.abort();
      show();
      working(1);
      stop.addEventListener('click', giveUp);
      const shown = setTimeout(() => (busy.hidden = false), PATIENCE_MS);
      errors.replaceChildren();
      said.textContent = '';
      try {
        const done = await work({
          signal: controller.signal,
          onProgress(next) {
            current = next;
            show();
          },
          onStep(done) {
            steps = done;
            show();
          },
        });
        usualSteps.set(doing, steps);
        return done;
      } catch (error) {
        if (error instanceof Cancelled) said.textContent = 'Stopped.';
        else
          fail(
            error instanceof PlainError
              ? error.message
              : `Something went wrong that is not your files' fault. ${(error as Error).message}`,
          );
        return undefined;
      } finally {
        clearTimeout(shown);
        busy.hidden = true;
        stop.removeEventListener('click', giveUp);
        working(-1);
      }
    },
  };
}
