import type { Ms } from '@coldstart/contract';
import { chartName } from '../charts/index.ts';
import type { Chore, Controller } from '../controllers.ts';
import type { ControlPlane } from '../control-plane.ts';
import { draw } from '../durations.ts';
import { begin, manifests, refusal, send, standsAs, type Wanted } from '../install.ts';
import { at, type Fields, isFields, textAt } from '../object.ts';
import type { Stored } from '../store.ts';
import { controllerReady, custom, duration, isSuspended, noteKey, noteOf, setNote, setReady } from './status.ts';

/** helm-controller: installs or upgrades each HelmRelease once its chart is there, and waits for its workloads. */
export const helmReleases: Controller = (plane) => {
  const up = controllerReady(plane, 'helm-controller');
  if (up === Infinity) return [];
  return custom(plane, 'helmreleases.helm.toolkit.fluxcd.io').flatMap((own): Chore[] => {
    if (isSuspended(own)) return [];
    const key = noteKey(own);
    const generation = own.object.metadata.generation ?? 1;
    const note = noteOf(plane, own);
    if (note?.generation === generation && note.waiting) return settle(plane, own, note.waiting, key);
    if (note?.generation === generation && note.next === undefined) return [];
    const chart = chartOf(plane, own);
    const tries = note?.generation === generation ? note.tries : 0;
    const from = Math.max(
      up,
      own.changed,
      note?.generation === generation ? (note.next ?? 0) : 0,
      chart === undefined ? Infinity : chart.ready,
    );
    if (from === Infinity) return [];
    const at = from + draw(plane.model.random, 'HelmRelease reconciled by Flux', `${key}/${generation}/${tries}`);
    return [{ at, key, run: (moment) => reconcile(plane, own, chart as Chart, { generation, tries }, moment) }];
  });
};

/** `recorded` is the version that the release is kept with: of what was pulled by its digest, with that. */
type Chart = { name: string; version: string; recorded: string; ready: Ms };

function chartOf(plane: ControlPlane, own: Stored): Chart | undefined {
  const spec = own.object['spec'];
  const home = own.object.metadata.namespace ?? '';
  const find = (definition: string, ref: unknown): Stored | undefined =>
    custom(plane, definition).find(
      ({ object }) =>
        object.metadata.name === textAt(ref, 'name') &&
        object.metadata.namespace === (textAt(ref, 'namespace') ?? home),
    );
  const ref = at(spec, 'chartRef');
  if (isFields(ref)) {
    const source = find('ocirepositories.source.toolkit.fluxcd.io', ref);
    if (source === undefined) return undefined;
    const version = textAt(source.object, 'spec', 'ref', 'tag') ?? 'latest';
    const digest = /@sha256:([0-9a-f]{12})/.exec(textAt(source.object, 'status', 'artifact', 'revision') ?? '')?.[1];
    return {
      name: chartName(textAt(source.object, 'spec', 'url') ?? ''),
      version,
      recorded: digest === undefined ? version : `${version}+${digest}`,
      ready: plane.readyAt(source),
    };
  }
  const chart = at(spec, 'chart', 'spec');
  const source =
    find('helmrepositories.source.toolkit.fluxcd.io', at(chart, 'sourceRef')) ??
    find('gitrepositories.source.toolkit.fluxcd.io', at(chart, 'sourceRef'));
  if (source === undefined) return undefined;
  const version = textAt(chart, 'version') ?? 'latest';
  return {
    name: chartName(textAt(chart, 'chart') ?? ''),
    version,
    recorded: version,
    ready: plane.readyAt(source),
  };
}

function wantedOf(own: Stored, chart: Chart): Wanted {
  const { object } = own;
  const target = textAt(object, 'spec', 'targetNamespace');
  const name =
    textAt(object, 'spec', 'releaseName') ??
    (target === undefined ? object.metadata.name : `${target}-${object.metadata.name}`);
  const values = at(object, 'spec', 'values');
  return {
    name,
    namespace: target ?? object.metadata.namespace ?? 'default',
    chart: chart.name,
    version: chart.version,
    values: isFields(values) ? (values as Fields) : {},
  };
}

function reconcile(
  plane: ControlPlane,
  own: Stored,
  chart: Chart,
  note: { generation: number; tries: number },
  moment: Ms,
): void {
  const wanted = wantedOf(own, chart);
  const last = plane.releases.last(wanted.namespace, wanted.name);
  const verb = last === undefined ? 'install' : 'upgrade';
  const objects = manifests(plane, wanted);
  const fail = (why: string): void => {
    setNote(plane, own, { generation: note.generation, tries: note.tries + 1, next: moment + 60_000 });
    setReady(plane, own, moment, {
      status: 'False',
      reason: verb === 'install' ? 'InstallFailed' : 'UpgradeFailed',
      message: `Helm ${verb} failed for release ${wanted.namespace}/${wanted.name} with chart ${chart.name}@${chart.recorded}: ${why}`,
    });
  };
  const refused = refusal(plane, wanted, objects);
  if (refused !== undefined) return fail(refused);
  if (!standsAs(last, wanted))
    plane.model.assumed.add(
      `Flux: HelmRelease ${wanted.namespace}/${wanted.name} differs from the release that stands; it was ${verb === 'install' ? 'installed' : 'upgraded'}`,
    );
  const release = begin(plane, wanted, objects, moment, chart.recorded);
  const sent = send(plane, objects, wanted.namespace, { manager: 'helm', at: moment });
  if ('problem' in sent) {
    plane.releases.settle(release, 'failed', sent.problem);
    return fail(sent.problem);
  }
  const timeout = duration(at(own.object, 'spec', 'timeout')) ?? 300_000;
  setNote(plane, own, {
    generation: note.generation,
    tries: note.tries + 1,
    waiting: { since: moment, until: moment + timeout },
  });
  setReady(plane, own, moment, {
    status: 'Unknown',
    reason: 'Progressing',
    message: `Running '${verb}' action with timeout of ${timeout / 60_000}m0s`,
  });
}

function settle(plane: ControlPlane, own: Stored, waiting: { since: Ms; until: Ms }, key: string): Chore[] {
  const chart = chartOf(plane, own);
  if (chart === undefined) return [];
  const wanted = wantedOf(own, chart);
  const release = plane.releases.last(wanted.namespace, wanted.name);
  if (release === undefined) return [];
  const ready = Math.max(waiting.since, ...plane.objectsOf(release).map((stored) => plane.readyAt(stored)));
  const generation = own.object.metadata.generation ?? 1;
  const tries = noteOf(plane, own)?.tries ?? 1;
  const verb = release.revision === 1 ? 'install' : 'upgrade';
  const named = `release ${wanted.namespace}/${wanted.name}.v${release.revision} with chart ${chart.name}@${chart.recorded}`;
  if (ready <= waiting.until)
    return [
      {
        at: ready + 100,
        key,
        run: (moment) => {
          plane.releases.settle(release, 'deployed', verb === 'install' ? 'Install complete' : 'Upgrade complete');
          setNote(plane, own, { generation, tries });
          setReady(
            plane,
            own,
            moment,
            {
              status: 'True',
              reason: verb === 'install' ? 'InstallSucceeded' : 'UpgradeSucceeded',
              message: `Helm ${verb} succeeded for ${named}`,
            },
            {
              history: [
                {
                  name: release.name,
                  namespace: release.namespace,
                  version: release.revision,
                  status: 'deployed',
                  chartName: release.chart,
                  chartVersion: release.version,
                },
              ],
            },
          );
        },
      },
    ];
  return [
    {
      at: waiting.until,
      key,
      run: (moment) => {
        plane.releases.settle(release, 'failed', 'context deadline exceeded');
        setNote(plane, own, { generation, tries, next: moment + 60_000 });
        setReady(plane, own, moment, {
          status: 'False',
          reason: verb === 'install' ? 'InstallFailed' : 'UpgradeFailed',
          message: `Helm ${verb} failed for ${named}: context deadline exceeded`,
        });
      },
    },
  ];
}
