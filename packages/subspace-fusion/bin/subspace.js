#!/usr/bin/env node
/** Node opens the files of the program all at once; where fewer may be open, the program cannot even say so. */
const FILES_TO_START = 256;

let cli;
try {
  cli = await import('../dist/cli/main.js');
} catch (error) {
  const { soft } = process.report.getReport().userLimits.open_files;
  if (!(soft < FILES_TO_START)) throw error;
  console.error(
    `Too many open files (EMFILE): \`ulimit -n\` is ${soft}. Raise the limit, as in \`ulimit -n 1024\`, and run this again.`,
  );
  process.exit(1);
}
const args = process.argv.slice(2);
cli.guardProcess(args);
await cli.main(args);
