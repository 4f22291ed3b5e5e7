import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InputError } from '../files/errors.js';
import { defineSimulate } from './simulate.js';

let folder: string;
let printed: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulate-'));
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

function simulate(...args: string[]): Promise<Command> {
  const program = new Command('subspace').exitOverride().configureOutput({ writeErr: () => undefined });
  defineSimulate(program.command('simulate'));
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => undefined });
  return program.parseAsync(['simulate', '--out', folder, ...args], { from: 'user' });
}

describe('subspace simulate', () => {
  it('writes a cohort and prints one JSON object', async () => {
    await simulate('--patients', '12', '--bag', '36', '--regime', 'attention', '--null', '--json');
    const result = JSON.parse(printed.join('\n'));
    expect(result).toMatchObject({ folder, regime: 'attention', twin: true, patients: 12, coefficients: { f: 0 } });
    expect(result.ceilings.population.both).toBeGreaterThan(0.6);
    expect(await readFile(result.config, 'utf8')).toContain('bag: 36');
  });

  it('refuses what does not go together', async () => {
    await expect(simulate('--clinical', 'c.csv')).rejects.toThrow(InputError);
    await expect(simulate('--expression', 'e.csv')).rejects.toThrow('--gene-sets');
    await expect(simulate('--expression', 'e.csv', '--regime', 'mixed')).rejects.toThrow('cannot be used with');
    await expect(simulate('--bag', 'many')).rejects.toThrow('whole number');
    await expect(simulate('--regime', 'unknown')).rejects.toThrow('Allowed choices');
  });
});
