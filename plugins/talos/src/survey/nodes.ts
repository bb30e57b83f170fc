import type { Files, Finding } from '@coldstart/contract';
import { addressInName, isAddress, isHostname } from './addresses.ts';
import { readRendered, type Rendered } from './rendered.ts';
import type { Listed } from './talconfig.ts';
import { loadYaml, type YamlFile } from './yaml-file.ts';

/** A node of the repository with its rendered config. */
export type Found = Listed & { config: Rendered; path: string; folder: 'controlplane' | 'worker' | null };

const FOLDERS = ['', 'controlplane/', 'worker/'] as const;

/** Finds and reads the rendered config of each node; a missing one is a finding at the node's line. */
export async function readConfigs(
  files: Files,
  at: { folder: string; clusterName: string; talconfig: YamlFile; listed: readonly Listed[] },
): Promise<{ found: Found[]; read: YamlFile[]; problems: Finding[] }> {
  const found: Found[] = [];
  const read: YamlFile[] = [];
  const problems: Finding[] = [];
  for (const node of at.listed) {
    const name = `${at.clusterName}-${node.hostname}.yaml`;
    const loaded = await firstOf(
      files,
      FOLDERS.map((sub) => `${at.folder}/clusterconfig/${sub}${name}`),
    );
    if (!loaded) {
      problems.push(
        at.talconfig.finding(
          [...node.at, 'hostname'],
          `no ${at.folder}/clusterconfig/${name}`,
          `its rendered config (talhelper genconfig in ${at.folder})`,
        ),
      );
      continue;
    }
    if ('problem' in loaded) {
      problems.push(loaded.problem);
      continue;
    }
    read.push(loaded.file);
    const rendered = readRendered(loaded.file);
    if ('problem' in rendered) {
      problems.push(rendered.problem);
      continue;
    }
    const sub = /\/(controlplane|worker)\/[^/]+$/.exec(loaded.path)?.[1];
    found.push({
      ...node,
      config: rendered.config,
      path: loaded.path,
      folder: (sub as Found['folder'] | undefined) ?? null,
    });
  }
  return { found, read, problems };
}

async function firstOf(
  files: Files,
  paths: readonly string[],
): Promise<{ path: string; file: YamlFile } | { problem: Finding } | undefined> {
  for (const path of paths) {
    const loaded = await loadYaml(files, path);
    if ('problem' in loaded) return loaded;
    if ('file' in loaded) return { path, file: loaded.file };
  }
  return undefined;
}

/** Control planes first, those of a folder `controlplane/` before others; otherwise the repository's own order. */
export function inOrder(found: readonly Found[]): Found[] {
  const rank = (node: Found): number => (node.config.role === 'worker' ? 2 : node.folder === 'controlplane' ? 0 : 1);
  return [...found].sort((a, b) => rank(a) - rank(b));
}

/**
 * Where a node answers. What the configuration overrides comes first; of several addresses the one that the talosconfig
 * names; then the file's name, talconfig, the config's own `addresses:`, and at last its DNS name.
 */
export function addressOf(
  node: Found,
  override: string | undefined,
  inTalosconfig: readonly string[],
): { address: string; from: string } | { bad: string } {
  if (override !== undefined)
    return isAddress(override) || isHostname(override)
      ? { address: override, from: 'coldstart.yaml' }
      : { bad: override };
  const bad = node.addresses.find((a) => !isAddress(a) && !isHostname(a));
  if (bad !== undefined) return { bad };
  const inName = addressInName(node.path);
  const candidates = [...(inName ? [inName] : []), ...node.addresses, ...node.config.addresses];
  const named = candidates.find((a) => inTalosconfig.includes(a));
  if (named !== undefined) return { address: named, from: 'talosconfig' };
  if (inName) return { address: inName, from: "the file's name" };
  const [listed] = node.addresses;
  if (listed !== undefined) return { address: listed, from: 'talconfig' };
  const [own] = node.config.addresses;
  if (own !== undefined) return { address: own, from: 'the machine config' };
  return isHostname(node.hostname) ? { address: node.hostname, from: 'its DNS name' } : { bad: node.hostname };
}
