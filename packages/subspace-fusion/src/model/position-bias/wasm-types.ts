/** The little of the WebAssembly interface that is used here; the same in Node and in browsers. */

export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  grow(pages: number): number;
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, (...values: number[]) => number>>;
}

interface WasmInterface {
  compile(bytes: Uint8Array): Promise<object>;
  Instance: new (module: object, imports: { env: { memory: WasmMemory } }) => WasmInstance;
  Memory: new (descriptor: { initial: number; maximum?: number; shared?: boolean }) => WasmMemory;
}

export const wasm = (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly;
