import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Every form in which one of these values could show: as it is, in base64, and decoded where it is base64 itself. */
export const formsOf = (values: readonly string[]): string[] => {
  const decoded = values.map((value) => Buffer.from(value, 'base64').toString('latin1'));
  const plain = [...values, ...decoded.filter((text) => /^[\x20-\x7e]{8,}$/.test(text))];
  return [...new Set(plain.flatMap((value) => [value, Buffer.from(value).toString('base64').replace(/=+$/, '')]))];
};

/** Where a text holds one of the values. */
export const holds = (text: string, forms: readonly string[]): boolean => forms.some((form) => text.includes(form));

/** The files below a folder whose name or content holds one of the values; what cannot be read is gone by now. */
export const filesHolding = async (folder: string, forms: readonly string[]): Promise<string[]> => {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await filesHolding(path, forms)));
    else if (entry.isFile()) {
      const text = await readFile(path, 'latin1').catch(() => '');
      if (holds(`${entry.name}\n${text}`, forms)) found.push(path);
    }
  }
  return found;
};

export type Watch = {
  /** Ends it and tells what it saw. */
  end: () => Promise<{ samples: number; programs: Set<string>; found: string[] }>;
};

/** Samples the arguments of all processes, and the files of a folder, until it is told to end. */
export const watchFor = (forms: readonly string[], folder: string): Watch => {
  const seen = { samples: 0, programs: new Set<string>(), found: new Set<string>() };
  const ending = new AbortController();
  const watching = (async () => {
    while (!ending.signal.aborted) {
      for (const pid of await readdir('/proc')) {
        if (!/^\d+$/.test(pid)) continue;
        const argv = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
        seen.programs.add(argv.split('\0')[0] ?? '');
        if (holds(argv, forms)) seen.found.add(`process ${pid}: ${argv.split('\0')[0]}`);
      }
      for (const path of await filesHolding(folder, forms)) seen.found.add(path);
      seen.samples += 1;
      await sleep(50, undefined, { signal: ending.signal }).catch(() => {});
    }
  })();
  return {
    end: async () => {
      ending.abort();
      await watching;
      return { ...seen, found: [...seen.found] };
    },
  };
};
