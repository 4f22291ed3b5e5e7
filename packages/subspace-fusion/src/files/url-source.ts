import { badInput } from './errors.js';
import { baseName } from './names.js';
import { bytesSource, type Source } from './source.js';

/**
 * A file behind an address, read by ranges: only what is asked for comes over the network. A server that answers no ranges sends the
 * whole file, once, which is then kept in memory.
 * @throws {InputError} here and in `read` where the server does not answer, or has no such file.
 */
export async function urlSource(
  address: string | URL,
  options: { readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Source> {
  const url = new URL(address, base());
  const name = baseName(decodeURIComponent(url.pathname)) || url.href;
  const wrong = (message: string) => badInput({ file: url.href, message, remedy: 'Check the address' });

  async function ask(from: number, to: number, signal?: AbortSignal): Promise<Response> {
    const headers = new Headers(options.headers);
    headers.set('range', `bytes=${from}-${to}`);
    const response = await fetch(url, { headers, signal: signal ?? null }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw wrong('the server does not answer');
    });
    return response;
  }

  const first = await ask(0, 0);
  const size = /\/(\d+)$/.exec(first.headers.get('content-range') ?? '')?.[1];
  if (first.status === 206 && size !== undefined) {
    await first.arrayBuffer();
    return ranges(Number(size));
  }
  // 416: not even one byte is there.
  if (first.status === 416) return bytesSource(new Uint8Array(), name);
  if (!first.ok) throw wrong(`the server answers ${first.status}`);
  return bytesSource(new Uint8Array(await first.arrayBuffer()), name);

  function ranges(size: number): Source {
    return {
      name,
      size,
      async read(offset, length, signal) {
        signal?.throwIfAborted();
        const end = Math.min(offset + length, size);
        if (end <= offset) return new Uint8Array();
        const response = await ask(offset, end - 1, signal);
        if (response.status !== 206) throw wrong(`the server answers ${response.status} to a range`);
        return new Uint8Array(await response.arrayBuffer());
      },
      close: () => Promise.resolve(),
    };
  }
}

/** A page's own address, to which others may be relative. */
const base = (): string | undefined => (globalThis as { readonly location?: { readonly href: string } }).location?.href;
