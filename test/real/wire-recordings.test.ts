import { inject } from 'vitest';

import { scenes } from './wire/recorded.ts';
import { replay } from './wire/replay.ts';

replay(inject('toolchain').talosctl.path, 'talosctl-1.13', scenes);
