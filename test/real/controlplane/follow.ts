import { setTimeout as sleep } from 'node:timers/promises';

import type { Api } from './api.ts';

/** What a watch tells of an object. */
export type Told<T> = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T };

/**
 * Tells of each object at a path as it is and as it changes, until `stop` aborts. A path that is not served yet (its
 * definition is missing) is asked for again.
 */
export const follow = async <T>(
  api: Api,
  path: string,
  each: (told: Told<T>) => void,
  stop: AbortSignal,
): Promise<void> => {
  while (!stop.aborted) {
    // A watch ends by itself after some minutes, and when the API server goes: then a new one begins.
    await api
      .watch(
        `${path}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true` +
          '&resourceVersionMatch=NotOlderThan&resourceVersion=',
        ({ type, object }) => {
          if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') each({ type, object });
        },
        stop,
      )
      .catch(() => {});
    await sleep(500, undefined, { signal: stop }).catch(() => {});
  }
};
