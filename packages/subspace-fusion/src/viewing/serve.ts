import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findSlides } from '../cohort/bags/slides.js';
import type { Split } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { InputError } from '../files/errors.js';
import type { OfferedPatient } from '../runs/open-run.js';
import { openRunFolder, RUN_FILES } from '../runs/run-folder.js';

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
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the viewer with a run's model and test patients, to this machine alone.
 * @param port 0: any that is free
 * @throws InputError where the run folder is not complete, the viewer was not built, or the port is taken.
 */
export async function serveViewer(run: string, port: number): Promise<ServedViewer> {
  const { folder: page, policy } = await openViewer();
  const headers = { ...ISOLATION, 'Content-Security-Policy': policy };
  const contents = await runContents(run);
  const server = createServer((request, response) => {
    void answer(request.method ?? '', request.headers.host ?? '', request.url ?? '/', response);
  });

  async function answer(method: string, host: string, url: string, response: ServerResponse): Promise<void> {
    // Another page could make its name point here, and then read what is served.
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) return void refuse(response, 403);
    if (method !== 'GET' && method !== 'HEAD') return void refuse(response, 405);
    const content = contentAt(url);
    if (!content) return void refuse(response, 404);
    if ('text' in content) {
      response.writeHead(200, { ...headers, 'Content-Type': 'application/json' }).end(content.text);
      return;
    }
    const found = await stat(content.path).catch(() => undefined);
    if (!found?.isFile()) return void refuse(response, 404);
    response.writeHead(200, {
      ...headers,
      'Content-Type': TYPES[extname(content.path)] ?? 'application/octet-stream',
      'Content-Length': found.size,
    });
    if (method === 'HEAD') response.end();
    else
      createReadStream(content.path)
        .on('error', () => response.destroy())
        .pipe(response);
  }

  function refuse(response: ServerResponse, status: number): void {
    response.writeHead(status, headers).end();
  }

  function contentAt(url: string): Content | undefined {
    const name = nameIn(url);
    if (name === undefined) return undefined;
    return name.startsWith('run/')
      ? contents.get(name.slice('run/'.length))
      : { path: join(page, name === '' ? 'index.html' : name) };
  }

  await listen(server, port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
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
