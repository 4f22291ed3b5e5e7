import { existsSync, readFileSync } from 'node:fs';
import type { KoffiFunc, LibraryHandle } from 'koffi';
import { InputError } from '../../files/errors.js';

/** The functions of OpenSlide that are used, as its documentation (openslide.org/api) describes them. A slide is a pointer. */
export interface OpenSlideLibrary {
  readonly version: string;
  /** Name of the program that made a file, such as `hamamatsu`; null where OpenSlide does not know the file. */
  detectVendor(path: string): string | null;
  /** null where OpenSlide does not know the file. */
  open(path: string): bigint | null;
  close(slide: bigint): void;
  /** Why the slide can no longer be read; null where it can. */
  errorOf(slide: bigint): string | null;
  levelCount(slide: bigint): number;
  levelSize(slide: bigint, level: number): { readonly width: number; readonly height: number };
  downsample(slide: bigint, level: number): number;
  property(slide: bigint, name: string): string | null;
  /**
   * Reads a part of a level on a thread of its own: for each pixel alpha, red, green and blue in a 32-bit number, the colours multiplied by alpha.
   * @param x left edge, in pixels of level 0
   * @param y upper edge, in pixels of level 0
   */
  read(slide: bigint, level: number, x: number, y: number, width: number, height: number): Promise<Uint32Array>;
}

/** Where the library lies, under the names that it has for its versions 4 and 3. */
const NAMES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['libopenslide.so.1', 'libopenslide.so.0'],
  darwin: ['', '/opt/homebrew/lib/', '/usr/local/lib/'].flatMap((folder) =>
    ['libopenslide.1.dylib', 'libopenslide.0.dylib'].map((name) => folder + name),
  ),
  win32: ['libopenslide-1.dll', 'libopenslide-0.dll'],
};

/** How OpenSlide comes onto this machine, as the end of a sentence. */
export function howToInstall(platform: NodeJS.Platform = process.platform, osRelease = systemRelease()): string {
  if (platform === 'darwin') return 'brew install openslide';
  if (platform === 'win32')
    return 'download it from openslide.org and set SUBSPACE_OPENSLIDE to the path of its libopenslide-1.dll';
  if (/\b(fedora|rhel|centos)\b/.test(osRelease)) return 'dnf install openslide';
  if (/\barch\b/.test(osRelease)) return 'pacman -S openslide';
  return 'apt-get install libopenslide0';
}

const systemRelease = (): string => {
  const file = '/etc/os-release';
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

/** The library, or why there is none, as a sentence with what to do. */
export type Found = { readonly library: OpenSlideLibrary } | { readonly missing: string };

let found: Promise<Found> | undefined;

/**
 * OpenSlide, where it is installed: by its name, or at the path in `SUBSPACE_OPENSLIDE`. It is looked for once.
 * @throws {InputError} where `SUBSPACE_OPENSLIDE` names a file that is no such library.
 */
export function openSlideLibrary(): Promise<Found> {
  found ??= load(process.env['SUBSPACE_OPENSLIDE']);
  return found;
}

async function load(path: string | undefined): Promise<Found> {
  // An optional dependency: it has binaries for the common systems, and may be left out of an installation.
  const koffi = await import('koffi').then(
    (loaded) => loaded.default,
    () => undefined,
  );
  if (!koffi) return { missing: 'OpenSlide reads it, once the package koffi is installed: npm install koffi' };
  for (const name of path === undefined ? (NAMES[process.platform] ?? []) : [path]) {
    let library: LibraryHandle;
    try {
      library = koffi.load(name);
    } catch (error) {
      if (path === undefined) continue;
      const [why] = (error instanceof Error ? error.message : String(error)).split('\n');
      throw new InputError(
        `SUBSPACE_OPENSLIDE=${path} is not a library that can be loaded (${why}). Give the path of libopenslide.`,
      );
    }
    return { library: bind(library) };
  }
  return { missing: `OpenSlide reads it, once it is installed: ${howToInstall()}` };
}

/** Binds the functions by their C declarations. */
function bind(library: LibraryHandle): OpenSlideLibrary {
  const call = <F extends (...args: never[]) => unknown>(declaration: string) =>
    library.func(declaration) as unknown as KoffiFunc<F>;
  const version = call<() => string>('const char *openslide_get_version()');
  const levelSize = call<(slide: bigint, level: number, width: BigInt64Array, height: BigInt64Array) => undefined>(
    'void openslide_get_level_dimensions(void *slide, int32_t level, int64_t *width, int64_t *height)',
  );
  const readRegion = call<
    (slide: bigint, to: Uint32Array, x: number, y: number, level: number, width: number, height: number) => undefined
  >(
    'void openslide_read_region(void *slide, uint32_t *to, int64_t x, int64_t y, int32_t level, int64_t width, int64_t height)',
  );
  return {
    version: version(),
    detectVendor: call('const char *openslide_detect_vendor(const char *path)'),
    open: call('void *openslide_open(const char *path)'),
    close: call('void openslide_close(void *slide)'),
    errorOf: call('const char *openslide_get_error(void *slide)'),
    levelCount: call('int32_t openslide_get_level_count(void *slide)'),
    downsample: call('double openslide_get_level_downsample(void *slide, int32_t level)'),
    property: call('const char *openslide_get_property_value(void *slide, const char *name)'),
    levelSize(slide, level) {
      const [width, height] = [new BigInt64Array(1), new BigInt64Array(1)];
      levelSize(slide, level, width, height);
      return { width: Number(width[0]), height: Number(height[0]) };
    },
    read(slide, level, x, y, width, height) {
      const pixels = new Uint32Array(width * height);
      return new Promise((resolve, reject) => {
        readRegion.async(slide, pixels, x, y, level, width, height, (error: Error | null) => {
          if (error) reject(error);
          else resolve(pixels);
        });
      });
    },
  };
}
