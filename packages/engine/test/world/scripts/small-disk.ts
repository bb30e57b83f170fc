// Tries to write where there is no room, and where nothing may be written; says what it was told.
import { isProblem } from '@coldstart/contract';
import { open } from './world.ts';

const world = await open();
const told: Record<string, unknown> = {};
for (const [name, work] of Object.entries({
  write: () => world.write('small/file', Buffer.alloc(1_000_000, 'x'), 0o600),
  create: () => world.create('small/new', Buffer.alloc(1_000_000, 'x'), 0o600),
  append: () => world.append('small/log', 'x'.repeat(1_000_000)),
  readonly: () => world.write('readonly/file', Buffer.from('x'), 0o600),
  readonlyAppend: () => world.append('readonly/log', 'x'),
  remove: () => world.remove('readonly/there'),
}))
  told[name] = await work().then(
    () => 'done',
    (error: unknown) =>
      isProblem(error) ? { message: error.message, exit: error.exit, remedy: error.remedy } : String(error),
  );
told['file'] = new TextDecoder().decode(await world.read('small/file'));
told['log'] = new TextDecoder().decode(await world.read('small/log'));
told['left'] = await world.list('small');
process.stdout.write(JSON.stringify(told));
