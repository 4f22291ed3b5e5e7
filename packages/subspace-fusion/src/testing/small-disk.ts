import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Mounts a tmpfs of the given size ("4m") and returns its folder, or undefined where mounting is not permitted. */
export const smallDisk = (size: string): string | undefined => mounted(`size=${size}`);

/** The same of a disk on which nothing can be written. */
export const readOnlyDisk = (): string | undefined => mounted('ro,size=1m');

function mounted(options: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmdirSync(folder);
    return undefined;
  }
}
