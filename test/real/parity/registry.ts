import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startSupervisor } from '../controlplane/supervised.ts';
import { chartsAt } from '../flux/charts.ts';
import { untilAnswers } from '../flux/wait.ts';
import type { Toolchain } from '../toolchain/build.ts';

/** A registry that has the chart of releases/, and ends with the process that started it. */
export type Registry = { address: string; stop: () => Promise<void> };

/** Of all loopback addresses the lab takes 127.0.0.1 for this machine, where nothing is served. */
export const startRegistry = async (toolchain: Toolchain, dir: string): Promise<Registry> => {
  await mkdir(dir, { recursive: true });
  const supervisor = await startSupervisor(10 * 60_000);
  const address = `127.0.0.2:${supervisor.ports[0]}`;
  const log = join(dir, 'registry.log');
  try {
    await supervisor.start({
      name: 'registry',
      file: toolchain.crane.path,
      argv: ['registry', 'serve', `--address=${address}`],
      env: { PATH: '', HOME: dir },
      log,
    });
    await untilAnswers(supervisor, 'registry', `http://${address}/v2/`, log);
    const folder = new URL('releases/chart', import.meta.url).pathname;
    await chartsAt(address, toolchain.helm.path, join(dir, 'charts')).push({ folder });
    return { address, stop: () => supervisor.end() };
  } catch (error) {
    await supervisor.end();
    throw error;
  }
};

/** Names the registry in a repository's state file. */
export const nameRegistry = async (root: string, { address }: Registry): Promise<void> => {
  const file = join(root, 'releases/in-registry.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('{registry}', address));
};
