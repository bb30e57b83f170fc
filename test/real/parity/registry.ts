import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startSupervisor } from '../controlplane/supervised.ts';
import { startRegistry } from '../flux/charts.ts';
import type { Toolchain } from '../toolchain/build.ts';

/** A registry that has the chart of releases/, and ends with the process that started it. */
export type ChartRegistry = { address: string; stop: () => Promise<void> };

/** Of all loopback addresses the lab takes 127.0.0.1 for this machine, where nothing is served. */
export const startChartRegistry = async (toolchain: Toolchain, dir: string): Promise<ChartRegistry> => {
  await mkdir(dir, { recursive: true });
  const supervisor = await startSupervisor(10 * 60_000);
  const address = `127.0.0.2:${supervisor.ports[0]}`;
  try {
    const charts = await startRegistry({ supervisor, toolchain, address, dir, log: join(dir, 'registry.log') });
    await charts.push({ folder: fileURLToPath(new URL('releases/chart', import.meta.url)) });
    return { address, stop: () => supervisor.end() };
  } catch (error) {
    await supervisor.end();
    throw error;
  }
};

/** Names the registry in a repository's state file. */
export const nameRegistry = async (root: string, { address }: ChartRegistry): Promise<void> => {
  const file = join(root, 'releases/in-registry.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('{registry}', address));
};
