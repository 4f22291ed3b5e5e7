import { open, readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, extname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { findSlides } from '../cohort/bags/slides.js';
import type { Split } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { InputError } from '../files/errors.js';
import type { OfferedPatient } from '../runs/open-run.js';
import { openRunFolder, RUN_FILES } from '../runs/run-folder.js';
import { newAdmission } from './admission.js';

/** The page is isolated from other origins, which lets its threads share memory. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** What stands at a place of the server: a file, or a text that is made. */
type Content = { readonly path: string } | { readonly text: string };

export interface ServedViewer {
  /** With the token that lets a browser in. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the viewer with a run's model and test patients, to this machine alone, and on it only to a browser that was once opened with the
 * printed address: other users of the machine get nothing.
 * @param port 0: any that is free
 * @throws InputError where the run folder is not complete, the viewer was not built, or the port is taken.
 */
export async function serveViewer(run: string, port: number): Promise<ServedViewer> {
  const { folder: page, policy } = await openViewer();
  const headers = { ...ISOLATION, 'Content-Security-Policy': policy };
  const contents = await runContents(run);
  const server = createServer((request, response) => {
    // A browser that goes away in the middle is no error.
    void answer(request, response).catch(() => response.destroy());
  });
  await listen(server, port);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const admission = newAdmission(`subspace-${new URL(origin).port}`);

  async function answer({ method = '', headers: asked, url = '/' }: IncomingMessage, response: ServerResponse) {
    // Another page could make its name point here, and then read what is served.
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(asked.host ?? '')) return void refuse(response, 403);
    if (method !== 'GET' && method !== 'HEAD') return void refuse(response, 405);
    const query = queryOf(url);
    const cookie = admission.cookieFor(query);
    if (cookie !== undefined) {
      query.delete('token'); // the page is read from an address without it, so that the history has none
      return void refuse(response, 303, {
        'Set-Cookie': cookie,
        Location: query.size > 0 ? `./?${query.toString()}` : './',
      });
    }
    if (!admission.admits(asked.cookie)) return void refuse(response, 403, {}, NOT_ADMITTED);
    const content = contentAt(url);
    if (!content) return void refuse(response, 404);
    if ('text' in content) {
      response.writeHead(200, { ...headers, 'Content-Type': 'application/json' }).end(content.text);
      return;
    }
    await send(content.path, response, method === 'HEAD');
  }

  async function send(path: string, response: ServerResponse, onlyHead: boolean): Promise<void> {
    const file = await open(path).catch((error: unknown) => {
      const isFull = error instanceof Error && 'code' in error && /^E[MN]FILE$/.test(String(error.code));
      refuse(response, isFull ? 503 : 404);
    });
    if (!file) return;
    try {
      const found = await file.stat();
      if (!found.isFile()) return void refuse(response, 404);
      const type = TYPES[extname(path)] ?? 'application/octet-stream';
      response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': found.size });
      if (onlyHead) response.end();
      else await pipeline(file.createReadStream({ autoClose: false }), response);
    } finally {
      await file.close();
    }
  }

  function refuse(response: ServerResponse, status: number, more: Record<string, string> = {}, words = ''): void {
    response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8', ...more }).end(words);
  }

  function contentAt(url: string): Content | undefined {
    const name = nameIn(url);
    if (name === undefined) return undefined;
    return name.startsWith('run/')
      ? contents.get(name.slice('run/'.length))
      : { path: join(page, name === '' ? 'index.html' : name) };
  }

  return {
    url: `${origin}${admission.query}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const NOT_ADMITTED = 'Open the whole address that `subspace view` printed, with its token.\n';

/** The query of a request; an empty one for an address that is none. */
function queryOf(url: string): URLSearchParams {
  return URL.canParse(url, 'http://127.0.0.1') ? new URL(url, 'http://127.0.0.1').searchParams : new URLSearchParams();
}

/** The name that a request asks for; undefined for one that leads out of the folder, or is none. */
function nameIn(url: string): string | undefined {
  try {
    const name = normalize(decodeURIComponent(new URL(url, 'http://127.0.0.1').pathname)).replace(/^[/\\]+/, '');
    return name.startsWith('..') || name.includes('\0') ? undefined : name;
  } catch {
    return undefined;
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE' || error.code === 'EACCES';
      reject(
        taken
          ? new InputError(
              `--port ${port}: the port cannot be used (${error.code}). Take another one, or leave --port out.`,
            )
          : error,
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

/**
 * The built page, in the package subspace-viewer, and its content security policy; as a header it holds for the page's workers, too.
 * @throws InputError where it is not there.
 */
async function openViewer(): Promise<{ folder: string; policy: string }> {
  const missing = new InputError(
    'The viewer is not there. Install the package subspace-viewer beside subspace-fusion; in a checkout, run `npm run build`.',
  );
  let folder: string;
  try {
    folder = join(dirname(fileURLToPath(import.meta.resolve('subspace-viewer/package.json'))), 'dist');
  } catch {
    throw missing;
  }
  const html = await readFile(join(folder, 'index.html'), 'utf8').catch(() => {
    throw missing;
  });
  const [, policy = "default-src 'self'"] = /Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
  return { folder, policy: `${policy.replaceAll('&#39;', "'")}; frame-ancestors 'none'` };
}

/** What is served of a run, by name. Of its config only what tells how to read expression: the rest are paths of this machine. */
async function runContents(folder: string): Promise<ReadonlyMap<string, Content>> {
  const run = await openRunFolder(folder);
  // Every file that the page will read: what is wrong with one is said before a browser opens.
  await run.checkpoint();
  await Promise.all([run.predictions(), run.result(), run.confidence(), run.background()]);
  const config = await run.config();
  const { patients, files } = await offeredPatients(config, await run.split());
  const { format, column, transform } = config.expression;
  const contents = new Map<string, Content>([
    ['config.json', { text: JSON.stringify({ expression: { file: '', format, column, transform } }) }],
    ['patients.json', { text: JSON.stringify(patients) }],
  ]);
  const { model, checkpoint, predictions, result, confidence, background } = RUN_FILES;
  for (const file of [model, checkpoint, predictions, result, confidence, background])
    contents.set(file, { path: join(folder, file) });
  for (const [name, path] of files) contents.set(name, { path });
  return contents;
}

export interface OfferedFiles {
  readonly patients: readonly OfferedPatient[];
  /** Path of each name. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * The test patients of a run whose files are where its config says; none where they are not. Of a study of several cohorts, those of
 * the config's own.
 */
async function offeredPatients({ features, expression }: Config, { test }: Split): Promise<OfferedFiles> {
  const matrix = await stat(expression.file).catch(() => undefined);
  const slides = await findSlides(features, test, []).catch((error: unknown) => {
    if (error instanceof InputError) return undefined;
    throw error;
  });
  if (!matrix?.isFile() || !slides) return { patients: [], files: new Map() };
  const table = `expression/${basename(expression.file)}`;
  const files = new Map([[table, expression.file]]);
  const patients = test.flatMap((patient) => {
    const bags = (slides.byPatient.get(patient) ?? []).map(({ path }) => {
      const name = `bags/${basename(path)}`;
      files.set(name, path);
      return name;
    });
    return bags.length > 0 ? [{ patient, bags, expression: table }] : [];
  });
  return { patients, files };
}
