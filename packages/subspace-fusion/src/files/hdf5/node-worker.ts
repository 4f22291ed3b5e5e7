import { loadLibrary } from '../hdf5-write.js';
import { starterPort } from '../worker-node.js';
import { serve } from '../worker.js';
import { hdf5Tasks } from './tasks.js';

/** The thread that reads HDF5 files in Node: files of this machine, by their paths. */
serve(
  starterPort(),
  hdf5Tasks({
    load: loadLibrary,
    placeOf(file) {
      if (!('path' in file)) throw new Error('in Node an HDF5 file is opened by its path');
      return { path: file.path, leave: () => undefined };
    },
  }),
);
