#!/usr/bin/env node
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { launch } from '@coldstart/cli/launch';

await launch({ argv: process.argv.slice(2), searchFrom: [fileURLToPath(new URL('..', import.meta.url))] });
