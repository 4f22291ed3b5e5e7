/** What the readers of subspace-fusion take from `node:module`: the one module that they require, OpenJPEG. */
import load from '@cornerstonejs/codec-openjpeg/decodewasmjs';
import wasmUrl from '@cornerstonejs/codec-openjpeg/decodewasm?url';

export const createRequire = () => () => (settings: object) => load({ ...settings, locateFile: () => wasmUrl });
