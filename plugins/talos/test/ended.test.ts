import type { Done, Reader } from '@coldstart/contract';
import { expect, test } from 'vitest';
import { askTool } from '../src/node/ask.ts';

/** As `talosctl health` ends on SIGTERM, and any other command might. */
const saysNothing = (how: Done['how']): Reader =>
  ({ probe: async () => ({ how, exit: 0, stdout: new Uint8Array(), stderr: '' }) }) as unknown as Reader;

test.each(['deadline', 'stopped', 'signal'] as const)(
  'a talosctl that was ended (%s) and says 0 has told nothing',
  async (how) => expect(await askTool(saysNothing(how), ['etcd', 'members'], 1000)).toMatchObject({ ok: false }),
);

test('one that ended by itself and says 0 has answered', async () =>
  expect(await askTool(saysNothing('exit'), ['etcd', 'members'], 1000)).toMatchObject({ ok: true }));
