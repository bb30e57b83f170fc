import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Facts } from '@coldstart/contract';

import { chartFolders } from '../charts.ts';
import type { Chart } from '../charts.ts';
import { must, run } from '../children.ts';
import type { Finished } from '../children.ts';
import { startControlPlane } from '../controlplane/start.ts';
import type { ControlPlane } from '../controlplane/start.ts';
import type { Built, Toolchain } from '../toolchain/build.ts';
import { toolEnvironment } from '../world.ts';
import { controllerNames } from './controllers.ts';
import type { ControllerName } from './controllers.ts';
import { followFlux } from './follow.ts';
import type { Flux } from './follow.ts';
import { startSources } from './sources.ts';
import type { Sources } from './sources.ts';

/** A control plane with Ready nodes, sources outside of it, and Flux' controllers once a release brings them. */
export type Ground = {
  dir: string;
  env: Record<string, string>;
  plane: ControlPlane;
  sources: Sources;
  flux: Flux;
  charts: Map<string, Chart>;
  facts: Facts;
  /** Runs a tool with this cluster's kubeconfig and context; exit codes are results. */
  ask: (tool: 'kubectl' | 'flux' | 'helm', argv: readonly string[], stdin?: string) => Promise<Finished>;
  /** Applies manifests; anything but exit 0 throws. */
  apply: (...objects: object[]) => Promise<void>;
  release: () => Promise<void>;
};

/** The tools of tier B are here, or nothing of this can be tried. */
export const withControllers = (toolchain: Toolchain): Toolchain & Record<ControllerName, Built> => {
  const missing = controllerNames.filter((name) => toolchain[name] === undefined);
  if (missing.length > 0)
    throw new Error(`not in the toolchain: ${missing.join(', ')}; COLDSTART_TEST_REAL=all has them`);
  return toolchain as Toolchain & Record<ControllerName, Built>;
};

export const fluxGround = async (given: Toolchain): Promise<Ground> => {
  const toolchain = withControllers(given);
  const dir = await mkdtemp(join(tmpdir(), 'coldstart-flux-'));
  const env = await toolEnvironment(join(dir, 'home'), toolchain);
  const ends: (() => Promise<void>)[] = [];
  const release = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await mkdir(join(dir, 'sources'));
    await mkdir(join(dir, 'flux'));
    const sources = await startSources({ toolchain, dir: join(dir, 'sources') });
    ends.push(sources.stop);
    const plane = await startControlPlane({
      toolchain,
      dir: join(dir, 'plane'),
      context: 'infra',
      nodes: [
        { name: 'infra-01', role: 'controlplane', address: '192.0.2.11' },
        { name: 'infra-04', role: 'worker', address: '192.0.2.21' },
      ],
    });
    ends.push(plane.stop);
    // Here no CNI is installed; the network is given.
    for (const node of ['infra-01', 'infra-04']) {
      const label = { metadata: { labels: { 'coldstart.example.com/network': 'ready' } } };
      await plane.api.send('PATCH', `/api/v1/nodes/${node}`, label, 'application/merge-patch+json');
    }
    const flux = followFlux({ plane, sources, toolchain, dir: join(dir, 'flux') });
    ends.push(flux.stop);

    const access = (tool: string): string[] => [
      '--kubeconfig',
      plane.kubeconfig,
      tool === 'helm' ? '--kube-context' : '--context',
      plane.context,
    ];
    const options = (stdin?: string) => ({ env, deadline: 120_000, ...(stdin === undefined ? {} : { stdin }) });
    return {
      dir,
      env,
      plane,
      sources,
      flux,
      charts: await chartFolders(),
      facts: { 'kubernetes/kubeconfig': { path: plane.kubeconfig, context: plane.context } },
      ask: (tool, argv, stdin) => run(tool, [...access(tool), ...argv], options(stdin)),
      apply: async (...objects) => {
        const text = objects.map((object) => JSON.stringify(object)).join('\n---\n');
        await must('kubectl', [...access('kubectl'), 'apply', '--server-side', '-f', '-'], options(text));
      },
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
};
