import type { Look, Signal } from '@coldstart/contract';
import { lookAtPods } from '@coldstart/tools';
import { accessFrom } from '../facts.ts';
import type { Release } from '../survey/types.ts';
import { lookAtRelease } from './look.ts';

/** Pods of the release that do not run, with their reason, and the newest warnings about them. */
export async function diagnose({ item, facts, world }: Look<Release>): Promise<Signal[]> {
  const access = accessFrom(facts);
  const seen = await lookAtRelease(world, access, item);
  const workloads = typeof seen === 'string' ? [] : seen.workloads.map((object) => object.metadata.name);
  // A release whose workloads are made by an operator has none of its own to tell by.
  return lookAtPods(
    world,
    access,
    item.namespace,
    (name) => workloads.length === 0 || workloads.some((own) => name.startsWith(`${own}-`)),
  );
}
