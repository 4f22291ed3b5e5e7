import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, extname, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';
export const DIST = join(process.cwd(), 'apps/viewer/dist');

const headless = ['--no-sandbox', '--disable-gpu', '--no-first-run'];
const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];
const softwareWebGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: [...headless, ...offline, ...softwareWebGpu] });

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

/** A host as plain as can be: files of the built page below a folder, no headers of its own. */
export async function plainHost(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname).replace(
      /^\/any\/folder\//,
      '',
    );
    const path = join(DIST, name === '' ? 'index.html' : name);
    if (!existsSync(path)) return void response.writeHead(404).end();
    response
      .writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' })
      .end(readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/any/folder/`, close: () => server.close() };
}

/** Opens the page and waits until it shows its patient. What goes wrong in it is kept in `errors`. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<{ page: Page; errors: string[]; requests: string[] }> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(100_000); // a busy machine takes its time
  const [errors, requests]: [string[], string[]] = [[], []];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // A file of a run that is not there is no error.
    if (message.type() === 'error' && !message.text().includes('404')) errors.push(message.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(url);
  await page.waitForSelector('body[data-ready]');
  return { page, errors, requests };
}

/** Lets files fall on the page, as a person drops them. */
export async function drop(page: Page, paths: readonly (string | { name: string; content: Buffer })[]): Promise<void> {
  const files = paths.map((file) =>
    typeof file === 'string' ? { name: basename(file), content: readFileSync(file) } : file,
  );
  const transfer = await page.evaluateHandle(
    (dropped) => {
      const transfer = new DataTransfer();
      for (const { name, base64 } of dropped)
        transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
      return transfer;
    },
    files.map(({ name, content }) => ({ name, base64: content.toString('base64') })),
  );
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

/** The numbers in a table, by the head of their row; of a changed prediction, those after the change. */
export function numbers(page: Page, table: string): Promise<Record<string, number>> {
  return page.$$eval(`${table} tr`, (rows) =>
    Object.fromEntries(
      rows.flatMap((row) => {
        const values = [...row.querySelectorAll('data')].map(({ value }) => Number(value));
        const [name, last] = [row.querySelector('th')?.textContent, values.at(-1)];
        return name === undefined || last === undefined ? [] : [[name, last]];
      }),
    ),
  );
}

/** Waits until the page neither works nor waits. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('#status[data-busy="0"]', { state: 'attached' });
}
