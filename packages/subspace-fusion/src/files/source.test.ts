import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from './errors.js';
import { fileSource, folderStore } from './file-source.js';
import { blobSource, blobStore, bytesSource, readAll, readText, stretches, urlSource, type Source } from './source.js';

const content = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * i) % 251);
const folder = mkdtempSync(join(tmpdir(), 'source-'));

let server: Server;
let host: string;
const asked: string[] = [];

beforeAll(async () => {
  writeFileSync(join(folder, 'slide.bin'), content);
  mkdirSync(join(folder, 'inside'));
  writeFileSync(join(folder, 'inside', 'note.txt'), 'grüße');
  server = createServer((request, response) => {
    const { range } = request.headers;
    asked.push(range ?? 'all');
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    if (request.url === '/none') return void response.writeHead(404).end();
    if (request.url === '/empty') return void response.writeHead(416).end();
    if (request.url === '/plain/slide.bin') return void response.writeHead(200).end(content);
    const part = content.subarray(Number(from), Number(to) + 1);
    response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${content.length}` }).end(part);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe.each<[string, () => Promise<Source>]>([
  ['of this machine', () => fileSource(join(folder, 'slide.bin'))],
  ['that was dropped', () => Promise.resolve(blobSource(new File([content], 'slide.bin')))],
  ['in memory', () => Promise.resolve(bytesSource(content, 'slide.bin'))],
  ['behind an address, by ranges', () => urlSource(`${host}/ranges/slide.bin`)],
  ['behind an address, without ranges', () => urlSource(`${host}/plain/slide.bin`)],
])('a file %s', (_, open) => {
  it('gives the bytes that are asked for, and fewer where it ends', async () => {
    const source = await open();
    expect(source.name).toMatch(/slide\.bin$/);
    expect(source.size).toBe(content.length);
    expect(await source.read(1000, 20)).toEqual(content.slice(1000, 1020));
    expect(await source.read(content.length - 3, 20)).toEqual(content.slice(-3));
    expect(await source.read(content.length + 5, 20)).toEqual(new Uint8Array());
    expect(Buffer.compare(await readAll(source), content)).toBe(0);
    await source.close();
  });

  it('is read from end to end by stretches', async () => {
    const source = await open();
    const pieces: Uint8Array[] = [];
    for await (const piece of stretches(source)) pieces.push(piece);
    expect(pieces.length).toBe(3);
    expect(Buffer.compare(Buffer.concat(pieces), content)).toBe(0);
    await source.close();
  });

  it('is not read for who gave up', async () => {
    const source = await open();
    await expect(source.read(0, 4, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    await source.close();
  });
});

describe('a file behind an address', () => {
  it('comes over the network as far as it is asked for', async () => {
    const source = await urlSource(`${host}/ranges/slide.bin`);
    asked.length = 0;
    await source.read(7, 5);
    expect(asked).toEqual(['bytes=7-11']);
  });

  it('that is not there, or empty, or whose server is gone', async () => {
    await expect(urlSource(`${host}/none`)).rejects.toThrow(/\/none: the server answers 404/);
    expect((await urlSource(`${host}/empty`)).size).toBe(0);
    await expect(urlSource('http://127.0.0.1:1/x')).rejects.toThrow(InputError);
  });
});

describe('a folder', () => {
  it('opens its files by their names, and lists them one level down', async () => {
    const store = folderStore(folder);
    expect(await store.list()).toEqual(['inside/note.txt', 'slide.bin']);
    const note = await store.open('inside/note.txt');
    expect(note && (await readText(note))).toBe('grüße');
    await note?.close();
    expect(await store.open('absent.json')).toBeUndefined();
    await expect(store.open('inside')).rejects.toThrow(/inside: this is not a file/);
  });

  it('of dropped files is its own: two runs have a model.json each', async () => {
    const runs = ['{"a":1}', '{"b":2}'].map((text) => blobStore({ 'model.json': new Blob([text]) }));
    const models = await Promise.all(runs.map((run) => run.open('model.json')));
    expect(await Promise.all(models.map(async (model) => model && (await readText(model))))).toEqual([
      '{"a":1}',
      '{"b":2}',
    ]);
    expect(await runs[0].open('toString')).toBeUndefined();
  });
});
