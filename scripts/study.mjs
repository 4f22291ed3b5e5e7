/** Builds the studies and runs one: `npm run study -- NAME ARGUMENTS`. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const [name = '', ...rest] = process.argv.slice(2);
if (!existsSync(`studies/${name}.ts`)) {
  const names = readdirSync('studies')
    .filter((file) => file.endsWith('.ts') && file !== 'shared.ts')
    .map((file) => file.slice(0, -3));
  console.error(`usage: npm run study -- NAME ARGUMENTS; studies: ${names.join(', ')}`);
  process.exit(2);
}
const run = (program, args) => {
  const { status } = spawnSync(program, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
run('npx', ['tsc', '-p', 'studies']);
run(process.execPath, [`dist/${name}.js`, ...rest]);
