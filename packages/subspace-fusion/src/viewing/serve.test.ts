import { existsSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluateAndWrite } from '../evaluation/evaluate.js';
import { InputError } from '../files/errors.js';
import { defined } from '../testing/defined.js';
import { newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
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
  });
  afterAll(async () => {
    await served?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A raw request: `fetch` would tidy the path and the host. */
  function ask(
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
  ): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
    const { hostname, port } = new URL(served?.url ?? '');
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

  test('a taken port and a folder that is no run are bad input', async () => {
    await expect(serveViewer(run, Number(new URL(served?.url ?? '').port))).rejects.toThrow(
      /^--port \d+: the port cannot be used \(EADDRINUSE\)/,
    );
    await expect(serveViewer(folder, 0)).rejects.toThrow(InputError);
  });
});
