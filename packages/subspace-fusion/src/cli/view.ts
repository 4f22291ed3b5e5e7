import { InvalidArgumentError, type Command } from 'commander';
import { serveViewer } from '../viewing/serve.js';
import { print } from './output.js';

/** `subspace view RUN`: the model in a browser, on this machine alone. */
export function defineView(command: Command): void {
  command
    .argument('<run>', 'run folder')
    .option('--port <n>', 'port of this machine (default: any that is free)', port, 0)
    .action(async (run: string, options: { port: number }) => {
      const { url } = await serveViewer(run, options.port);
      print(`Open ${url} in a browser. Files that you drop there stay on this machine. Ctrl+C ends it.`);
      print('Research software. Not a medical device.');
    });
}

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535)
    throw new InvalidArgumentError('It must be a number from 0 to 65535.');
  return Number(text);
}
