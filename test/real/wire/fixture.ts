import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Facts } from '@coldstart/contract';

import { run } from '../children.ts';
import type { Finished } from '../children.ts';
import { reserveBlock } from './addresses.ts';
import type { Block } from './addresses.ts';
import { openWire } from './open.ts';
import type { Wire, WireOptions } from './open.ts';
import { talosconfig, wireRepository } from './repository.ts';
import { stand } from './stand.ts';
import type { Standing } from './stand.ts';

/** A run's own addresses, its copy of the example, and the real talosctl in it. */
export type Ground = {
  block: Block;
  dir: string;
  root: string;
  facts: Facts;
  /** This run's address of a node, by the node's name. */
  at: (node: string) => string;
  /** Runs the real talosctl in the repository, with the repository's credentials in its environment. */
  talosctl: (
    argv: readonly string[],
    options?: { deadline?: number; started?: (pid: number) => void; stop?: AbortSignal },
  ) => Promise<Finished>;
  open: (options?: Partial<WireOptions>, standing?: Readonly<Record<string, Standing>>) => Promise<Wire>;
  release: () => Promise<void>;
};

export const ground = async (binary: string): Promise<Ground> => {
  const block = await reserveBlock();
  const dir = await mkdtemp(join(tmpdir(), 'coldstart-wire-'));
  const { root, facts } = await wireRepository(join(dir, 'repository'), block);
  const nodes = facts['talos/nodes'] as { name: string; address: string }[];
  const wires: Wire[] = [];
  return {
    block,
    dir,
    root,
    facts,
    at: (name) => nodes.find((node) => node.name === name)?.address ?? '',
    talosctl: (argv, options = {}) =>
      run(binary, [...argv], {
        cwd: root,
        env: { HOME: dir, PATH: '', TALOSCONFIG: join(root, talosconfig) },
        deadline: options.deadline ?? 30_000,
        ...(options.started && { started: options.started }),
        ...(options.stop && { stop: options.stop }),
      }),
    open: async (options = {}, standing = {}) => {
      const wire = await openWire({ root, cluster: 'infra', facts, port: block.port, pace: 600, ...options });
      wires.push(wire);
      await stand(wire.lab, root, standing);
      await wire.refresh();
      return wire;
    },
    release: async () => {
      for (const wire of wires) await wire.close();
      await block.release();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
