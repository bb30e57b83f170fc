import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { Chart } from '../charts.ts';
import { must } from '../children.ts';
import type { Supervisor } from '../controlplane/supervised.ts';
import type { Toolchain } from '../toolchain/build.ts';
import { untilAnswers } from './wait.ts';

export type Charts = {
  /** The address of a chart, or of the registry itself: `oci://127.0.0.1:PORT/cilium`. Plain http: Flux wants `insecure`. */
  url: (name?: string) => string;
  /** Packs a chart and pushes it with `helm push`; the digest of its manifest, as a registry tells it. */
  push: (chart: Pick<Chart, 'folder'>) => Promise<string>;
};

export type RegistryOptions = {
  supervisor: Supervisor;
  toolchain: Pick<Toolchain, 'crane' | 'helm'>;
  /** Where it listens: `127.0.0.1:PORT`. */
  address: string;
  /** An existing folder for packed charts. */
  dir: string;
  log: string;
};

/** Starts a registry without charts, and waits until it answers. */
export const startRegistry = async ({ supervisor, toolchain, address, dir, log }: RegistryOptions): Promise<Charts> => {
  const argv = ['registry', 'serve', `--address=${address}`];
  await supervisor.start({
    name: 'registry',
    file: toolchain.crane.path,
    argv,
    env: { PATH: '', HOME: dir },
    log,
  });
  await untilAnswers(supervisor, 'registry', `http://${address}/v2/`, log);
  return chartsAt(address, toolchain.helm.path, join(dir, 'charts'));
};

/** A registry at this address, filled by helm; `dir` is for the packed charts. */
const chartsAt = (address: string, helm: string, dir: string): Charts => {
  const registry = `oci://${address}`;
  return {
    url: (name) => (name === undefined ? registry : `${registry}/${name}`),
    push: async ({ folder }) => {
      await mkdir(dir, { recursive: true });
      const options = { cwd: dir, env: { PATH: '', HOME: dir }, deadline: 120_000 };
      const packed = await must(helm, ['package', folder, '--destination', dir], options);
      const file = packed.stdout.trim().split(' ').at(-1) ?? '';
      const pushed = await must(helm, ['push', file, registry, '--plain-http'], options);
      const digest = /sha256:[0-9a-f]{64}/.exec(`${pushed.stdout}${pushed.stderr}`)?.[0];
      if (digest === undefined) throw new Error(`helm push ${basename(file)} told no digest`);
      return digest;
    },
  };
};
