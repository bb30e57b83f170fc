#!/usr/bin/env node
import process from 'node:process';
import { launch } from './launch.js';

await launch({ argv: process.argv.slice(2), searchFrom: [] });
