import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { main } from '../cli/main.js';

/** What a command did. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `subspace` with these arguments in this process. */
export async function subspace(...args: string[]): Promise<Outcome> {
  let [out, err] = ['', ''];
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((text: unknown) => void (out += `${String(text)}\n`)),
    vi
      .spyOn(console, 'error')
      .mockImplementation((text: unknown) => void (err += `${text instanceof Error ? text.stack : String(text)}\n`)),
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true)),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true)),
  ];
  try {
    await main(args);
    return { code: Number(process.exitCode ?? 0), out, err };
  } finally {
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
}

/** The command as a user starts it; needs the build in dist/, which `npm test` makes first. */
export const executable = fileURLToPath(new URL('../../bin/subspace.js', import.meta.url));

/** Starts `subspace` in a process of its own. */
export function startSubspace(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [executable, ...args], { stdio: 'ignore' });
}

/** Runs `subspace` in a process of its own. */
export function subspaceProcess(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [executable, ...args],
      { env: { ...process.env, ...env } },
      (_error, out, err) => {
        resolve({ code: child.exitCode ?? -1, out, err });
      },
    );
  });
}

/** An error message for a user: one or two lines, no stack, no name of a class. */
export function isPlainMessage(err: string): boolean {
  const lines = err.trim().split('\n');
  return lines.length <= 2 && lines.every((line) => line.length > 10) && !/\n\s+at |Error:|node:internal/.test(err);
}
