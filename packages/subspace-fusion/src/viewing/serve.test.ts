import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluateAndWrite } from '../evaluation/evaluate.js';
import { InputError } from '../files/errors.js';
import { defined } from '../testing/defined.js';
import { newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { RUN_FILES } from '../runs/run-folder.js';
import { train } from '../training/train.js';
import { serveViewer, type ServedViewer } from './serve.js';

const PAGE = 'apps/viewer/dist/index.html';

describe.skipIf(!existsSync(PAGE))(`the viewer's server (needs the built page, ${PAGE})`, () => {
  const folder = newFolder();
  const run = join(folder, 'run');
  let served: ServedViewer | undefined;

  beforeAll(async () => {
    const cohort = await tinyCohort(join(folder, 'cohort'));
    await train({ config: await shortConfig(cohort, { 'training.epochs': '1' }), out: run });
    await evaluateAndWrite(run);
    served = await serveViewer(run, 0);
    const { headers } = await askFromOutside(address().pathname + address().search);
    [cookie] = String(headers['set-cookie']).split(';');
  });
  afterAll(async () => {
    await served?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const address = () => new URL(served?.url ?? '');
  let cookie = '';

  /** A raw request, of a browser that was let in: `fetch` would tidy the path and the host. */
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    askFromOutside(path, { Cookie: cookie, ...headers }, method);

  function askFromOutside(
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
  ): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
    const { hostname, port } = address();
    return new Promise((resolve, reject) => {
      request({ hostname, port, path, headers, method }, (response) => {
        let body = '';
        response.on('data', (part: Buffer) => (body += part.toString('latin1')));
        response.on('end', () => resolve({ status: defined(response.statusCode), headers: response.headers, body }));
      })
        .on('error', reject)
        .end();
    });
  }

  test('serves the page isolated, with a policy that lets nothing else in', async () => {
    const { status, headers } = await ask('/');
    expect(status).toBe(200);
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; .*frame-ancestors 'none'$/,
    );
  });

  test('serves the run and its test patients, and none of the paths in its config', async () => {
    expect(JSON.parse((await ask('/run/model.json')).body)).toMatchObject({ format: 1, task: 'survival' });
    const patients = JSON.parse((await ask('/run/patients.json')).body) as {
      patient: string;
      bags: string[];
      expression: string;
    }[];
    expect(patients.length).toBeGreaterThan(0);
    for (const { bags, expression } of patients)
      for (const name of [...bags, expression]) expect((await ask(`/run/${name}`)).status).toBe(200);
    expect((await ask('/run/config.json')).body).not.toContain(folder);
  });

  test.each([
    '/run/split.json',
    '/run/state.safetensors',
    '/../package.json',
    '/%2e%2e/package.json',
    '/run/../../package.json',
    '/run/bags/../../run/split.json',
    '/no-such-file',
    '/assets',
  ])('%s is not there', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  test('answers no other name and no other method', async () => {
    expect((await ask('/', { Host: 'rebound.example' })).status).toBe(403);
    expect((await ask('/', {}, 'POST')).status).toBe(405);
  });

  describe('somebody else on this machine', () => {
    test.each(['/', '/index.html', '/run/patients.json', '/run/model.json', '/run/config.json', '/no-such-file'])(
      'gets nothing at %s',
      async (path) => {
        const { status, body } = await askFromOutside(path);
        expect(status).toBe(403);
        expect(body).toBe('Open the whole address that `subspace view` printed, with its token.\n');
      },
    );

    test('is not let in by a wrong token, part of it, or the cookie of another server', async () => {
      const [name, token] = cookie.split('=');
      expect(token).toMatch(/^[\w-]{43}$/);
      for (const wrong of ['', 'x', token.slice(1), `${token}x`, token.toUpperCase()]) {
        expect((await askFromOutside(`/?token=${wrong}`)).status).toBe(403);
        expect((await askFromOutside('/', { Cookie: `${name}=${wrong}` })).status).toBe(403);
      }
      expect((await askFromOutside('/', { Cookie: `${name}0=${token}` })).status).toBe(403);
    });

    test('has another token each time', async () => {
      const other = await serveViewer(run, 0);
      expect(new URL(other.url).search).not.toBe(address().search);
      await other.close();
    });
  });

  test('the printed address lets a browser in with a cookie for this page alone, and leaves no token in its history', async () => {
    const { status, headers } = await askFromOutside(address().pathname + address().search);
    expect(status).toBe(303);
    expect(headers['location']).toBe('./');
    expect(String(headers['set-cookie'])).toMatch(/^subspace-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect((await ask('/', { Cookie: `other=1; ${cookie}` })).status).toBe(200);
    const more = await askFromOutside(`/${address().search}&backend=webgpu`);
    expect(more.headers['location']).toBe('./?backend=webgpu');
  });

  test.skipIf(!existsSync('/proc/self/fd'))('downloads that are broken off leave no file open', async () => {
    const big = join(folder, 'big.bin');
    writeFileSync(big, Buffer.alloc(8 * 2 ** 20)); // more than sockets hold
    mkdirSync(join(run, 'explanations'), { recursive: true });
    symlinkSync(big, join(run, RUN_FILES.background));
    const opened = () => readdirSync('/proc/self/fd').filter((fd) => targetOf(fd) === big).length;
    const { hostname, port } = address();
    for (let i = 0; i < 40; i++)
      await new Promise<void>((resolve) => {
        const asking = request({ hostname, port, path: `/run/${RUN_FILES.background}`, headers: { Cookie: cookie } });
        asking.on('response', (response) => response.once('data', () => asking.destroy()));
        asking.on('error', () => undefined);
        asking.on('close', () => resolve());
        asking.end();
      });
    await expect.poll(opened).toBe(0);
    rmSync(join(run, RUN_FILES.background));
  });

  test('a taken port and a folder that is no run are bad input', async () => {
    await expect(serveViewer(run, Number(new URL(served?.url ?? '').port))).rejects.toThrow(
      /^--port \d+: the port cannot be used \(EADDRINUSE\)/,
    );
    await expect(serveViewer(folder, 0)).rejects.toThrow(InputError);
  });
});

/** The file behind a handle of this process; undefined for one that is closed by now. */
function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
