import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { parse } from 'yaml';

import { readMapping } from '../charts.ts';
import { moduleFolder } from '../toolchain/go.ts';
import type { Api } from './api.ts';
import { follow } from './follow.ts';

type Deployment = {
  metadata: { name: string };
  status?: { conditions?: { type: string; status: string }[] };
};

const isAvailable = ({ status }: Deployment): boolean =>
  (status?.conditions ?? []).some(({ type, status: value }) => type === 'Available' && value === 'True');

/** The definitions that Cilium's operator makes, from the module that the chart comes from. */
const definitions = async (): Promise<{ metadata: { name: string } }[]> => {
  const row = (await readMapping()).find(({ reference }) => reference.endsWith('/cilium'));
  if (row?.module === undefined) throw new Error('charts/mapping.yaml has no row with a module for cilium');
  const { dir } = await moduleFolder(row.module, row.sum);
  const found: { metadata: { name: string } }[] = [];
  for (const version of ['v2', 'v2alpha1']) {
    const folder = join(dir, 'pkg/k8s/apis/cilium.io/client/crds', version);
    for (const file of (await readdir(folder)).filter((name) => name.endsWith('.yaml'))) {
      found.push(parse(await readFile(join(folder, file), 'utf8')) as { metadata: { name: string } });
    }
  }
  return found;
};

/**
 * Stands for Cilium's operator: once its Deployment is available, Cilium's definitions are there. They stay when it goes.
 * Ends when `stop` aborts.
 */
export const followOperator = async (api: Api, stop: AbortSignal): Promise<void> => {
  let made: Promise<void> | undefined;
  const make = async (): Promise<void> => {
    for (const definition of await definitions()) {
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definition.metadata.name}`;
      const query = '?fieldManager=cilium-operator&force=true';
      const answer = await api.send('PATCH', `${path}${query}`, definition, 'application/apply-patch+yaml');
      if (answer.status >= 300) throw new Error(`${definition.metadata.name}: ${JSON.stringify(answer.body)}`);
    }
  };
  await follow<Deployment>(
    api,
    '/apis/apps/v1/namespaces/kube-system/deployments',
    ({ object }) => {
      if (object.metadata.name !== 'cilium-operator' || !isAvailable(object) || made) return;
      made = make().catch((error: unknown) => {
        made = undefined;
        if (!stop.aborted) process.stderr.write(`cilium's definitions: ${(error as Error).message}\n`);
      });
    },
    stop,
  );
  await made;
};
