import { inject } from 'vitest';

import { olderScenes } from './wire/recorded.ts';
import { replay } from './wire/replay.ts';

/** An operator's talosctl may be a minor older; the nodes are then of its version, as they were for the recorder. */
const built = inject('toolchain')['talosctl-1.12'];
if (!built) throw new Error('talosctl-1.12 is not in the toolchain; COLDSTART_TEST_REAL=all has it');

replay(built.path, 'talosctl-1.12', olderScenes);
