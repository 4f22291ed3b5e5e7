/** The one global of Node that the readers of subspace-fusion use. Imported before them. */
import { Buffer } from 'buffer';

(globalThis as { Buffer?: typeof Buffer }).Buffer = Buffer;
