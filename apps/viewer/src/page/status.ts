import { InputError, UnforeseenError, WorkError, type CallOptions } from 'subspace-fusion/browser';
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
      const show = (now: string, share?: number) => {
        line.textContent = now;
        if (share === undefined) bar.removeAttribute('value');
        else bar.value = share;
      };
      const giveUp = () => controller.abort();
      show(doing);
      working(1);
      stop.addEventListener('click', giveUp);
      const shown = setTimeout(() => (busy.hidden = false), PATIENCE_MS);
      errors.replaceChildren();
      said.textContent = '';
      try {
        return await work({ signal: controller.signal, onProgress: show });
      } catch (error) {
        if (error instanceof Error && error.name === 'AbortError') said.textContent = 'Stopped.';
        else fail(wordsOf(error));
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

/** Errors made for people keep their words; any other is a mistake of ours, and one of a worker says where. */
function wordsOf(error: unknown): string {
  if (error instanceof InputError || error instanceof WorkError) return error.message;
  const said = error instanceof UnforeseenError ? error.stack : undefined;
  return `Something went wrong that is not your files' fault. ${said ?? (error instanceof Error ? error.message : String(error))}`;
}
