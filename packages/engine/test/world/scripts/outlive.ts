// Starts a tool and puts something into scratch, says so, and waits to be killed.
import { RULE } from '../sandbox.ts';
import { open } from './world.ts';

const world = await open();
const path = await world.scratch('private', Buffer.from('secret'));
await world.spawn(
  { tool: 'stub', argv: [], env: {}, deadline: 600_000 },
  RULE,
  async (child) => void process.stdout.write(`${JSON.stringify({ child, path })}\n`),
  new AbortController().signal,
);
