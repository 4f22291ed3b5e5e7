#!/usr/bin/env node
import { guardProcess, main } from '../dist/cli/main.js';

const args = process.argv.slice(2);
guardProcess(args);
await main(args);
