/** Runs scripts of package.json at once, prints each one's output when it has ended, and fails where one of them failed: `at-once.mjs NAME NAME`. */
import { spawn } from 'node:child_process';

const run = (name) =>
  new Promise((resolve) => {
    const child = spawn('npm', ['run', name], { stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => output.push(bytes));
    child.on('error', ({ message }) => output.push(Buffer.from(`${name}: ${message}\n`)));
    child.on('close', (code) => {
      process.stdout.write(Buffer.concat(output));
      if (code !== 0) console.error(`${name} failed`);
      resolve(code === 0);
    });
  });

const passed = await Promise.all(process.argv.slice(2).map(run));
if (passed.length === 0 || passed.includes(false)) process.exitCode = 1;
