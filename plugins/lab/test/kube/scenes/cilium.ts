import { expect } from 'vitest';
import type { Status } from '../../../src/tools/cilium/look.ts';
import { report } from '../../../src/tools/cilium/report.ts';
import { type Scene, helmfiles, installed, complete } from './scene.ts';

function ciliumFiles(): Record<string, string> {
  const values = '{cluster: {name: infra, id: 1}, operator: {replicas: 1}, hubble: {relay: {enabled: true}}}';
  return {
    'helmfile.yaml': `helmDefaults: {wait: true}\nreleases:\n  - {name: cilium, namespace: kube-system, chart: oci://charts.example.com/cilium, version: 1.20.2, values: [${values}]}\n`,
  };
}

/** The status that the recorded report was made of, read back from it. */
function recordedStatus(text: string): Status {
  // oxlint-disable-next-line no-control-regex
  const plain = text.replace(/\u001B\[\d+m/g, '');
  const images = [...plain.matchAll(/^(?:Image versions|\s{14}) +(\S+) +(\S+\/\S+): (\d+)$/gm)];
  const parts = [...plain.matchAll(/^(DaemonSet|Deployment) +(\S+) +Desired: (\d+), Ready: (\d+)/gm)].map(
    ([, kind, name = '', desired, ready]) => ({
      name,
      kind: kind as 'DaemonSet' | 'Deployment',
      there: true,
      desired: Number(desired),
      ready: Number(ready),
      phases: { Running: Number(ready) },
      images: Object.fromEntries(
        images.filter(([, of]) => of === name).map(([, , image = '', many]) => [image, Number(many)]),
      ),
    }),
  );
  const errors = [...plain.matchAll(/^(?:Errors:|\s{7}) +(cilium) +(cilium-\w{5}) +(.*)$/gm)].map(
    ([, part = '', subject = '', why = '']) => ({ part, subject, text: why }),
  );
  return { parts, errors, pods: { all: 5, managed: 0 }, chart: '1.20.2', json: null };
}

/** Recordings of cilium. */
export const ofCilium: Record<string, Scene> = {
  'cilium/config-view': {
    files: ciliumFiles(),
    given: installed,
    judge: (told, recorded) => {
      const read = (text: string): Map<string, string> =>
        new Map(
          text
            .split('\n')
            .flatMap((line) =>
              [...line.matchAll(/^(\S+) {4,}(.*)$/g)].map(
                ([, key = '', value = '']) => [key, value] as [string, string],
              ),
            ),
        );
      const [lab, real] = [read(told.stdout), read(recorded.stdout)];
      const both = [...lab].filter(([key]) => real.has(key));
      expect(both.length).toBeGreaterThanOrEqual(7);
      for (const [key, value] of both) expect(`${key} ${value}`).toBe(`${key} ${real.get(key)}`);
    },
  },
  'cilium/status-json': {
    files: ciliumFiles(),
    given: (world) => installed(world).then(() => world.pass(200_000)),
    judge: (told, recorded) => {
      const [lab, real] = [JSON.parse(told.stdout), complete(recorded.stdout)] as Record<
        string,
        Record<string, unknown>
      >[];
      expect(lab?.['pod_state']).toEqual(real?.['pod_state']);
      expect(lab?.['phase_count']).toEqual(real?.['phase_count']);
      expect(Object.keys(lab?.['pods_count'] ?? {})).toEqual(Object.keys(real?.['pods_count'] ?? {}));
      // The Envoy image's tag is Envoy's own, which the lab does not know.
      const images = (of: Record<string, unknown> | undefined) =>
        Object.entries(of ?? {}).filter(([name]) => name !== 'cilium-envoy');
      expect(images(lab?.['image_count'])).toEqual(images(real?.['image_count']));
      expect(Object.keys(lab?.['cilium_status'] ?? {})).toHaveLength(Object.keys(real?.['cilium_status'] ?? {}).length);
      // One space per level, keys in this order.
      expect(told.stdout.slice(0, 20)).toBe(recorded.stdout.slice(0, 20));
    },
  },
  'cilium/status': {
    // The agents that were recorded could not be exec'd into: the same report is made of the same trouble.
    judge: (_told, recorded) => expect(report(recordedStatus(recorded.stdout))).toBe(recorded.stdout),
    files: ciliumFiles(),
    given: installed,
  },
  'cilium/version': { files: helmfiles, given: installed, same: [[/\d+\.\d+\.\d+$/gm, 'VERSION']] },
};
