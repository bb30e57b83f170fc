import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import { CONTROLLER_VERSION, FLUX_VERSION } from '../../kubernetes/charts/flux-component.ts';
import { findType } from '../../kubernetes/kinds.ts';
import { at, isTrue, textAt } from '../../kubernetes/object.ts';
import type { Model } from '../../model.ts';
import type { Flags } from '../common/flags.ts';
import { goDuration } from '../common/flags.ts';
import { failed, printed } from '../common/result.ts';
import { serverVersion } from '../kubectl/about.ts';
import type { ToolCall, ToolResult } from '../tool.ts';

const EXPECTED = ['helm-controller', 'kustomize-controller', 'notification-controller', 'source-controller'];
const OLDEST = '1.33.0';

/** `flux check [--pre]`: prerequisites, version, controllers (waited for), definitions. All of it goes to stderr. */
export async function check(plane: ControlPlane, model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  const lines: string[] = ['► checking prerequisites'];
  let ok = true;
  const version = serverVersion(model.expected.kubernetesVersion).slice(1);
  const fits = newer(version, OLDEST);
  ok &&= fits;
  lines.push(
    fits ? `✔ Kubernetes ${version} >=${OLDEST}-0` : `✗ Kubernetes version ${version} does not match >=${OLDEST}-0`,
  );
  if (flags.on('pre')) {
    lines.push(ok ? '✔ prerequisites checks passed' : '✗ prerequisites checks failed');
    return ok ? printed('', `${lines.join('\n')}\n`) : failed(lines.join('\n'));
  }

  const namespace = flags.value('namespace') ?? 'flux-system';
  const types = plane.types();
  const deployments = findType(types, 'deployment');
  const found = (): string[] =>
    deployments === undefined
      ? []
      : plane
          .list(deployments, namespace)
          .filter((object) => object.metadata.labels?.['app.kubernetes.io/part-of'] === 'flux')
          .map((object) => object.metadata.name);
  const definitions = findType(types, 'crd');
  const crds =
    definitions === undefined
      ? []
      : plane.list(definitions).filter((object) => object.metadata.labels?.['app.kubernetes.io/part-of'] === 'flux');

  lines.push('► checking version in cluster');
  if (crds.length > 0) lines.push(`✔ distribution: flux-${FLUX_VERSION}`, '✔ bootstrapped: false');
  else {
    ok = false;
    const first = 'gitrepositories.source.toolkit.fluxcd.io';
    const known = definitions !== undefined && plane.get(definitions, undefined, first) !== undefined;
    lines.push(
      known
        ? '✗ checking failed: no Flux installation found'
        : `✗ checking failed: customresourcedefinitions.apiextensions.k8s.io "${first}" not found`,
    );
  }

  lines.push('► checking controllers');
  const present = found();
  if (present.length === 0) {
    ok = false;
    lines.push(
      `✗ no controllers found in the '${namespace}' namespace with the label selector 'app.kubernetes.io/part-of=flux'`,
    );
  }
  for (const name of EXPECTED.filter((each) => present.includes(each)).concat(
    present.filter((each) => !EXPECTED.includes(each)),
  )) {
    const until = plane.now + (goDuration(flags.value('timeout') ?? '5m') ?? 300_000);
    const get = () => (deployments === undefined ? undefined : plane.get(deployments, namespace, name));
    while (!isTrue(get(), 'Available') && plane.now < until) await call.spend(Math.min(2000, until - plane.now));
    const object = get();
    if (isTrue(object, 'Available'))
      lines.push(
        `✔ ${name}: deployment ready`,
        `► ${textAt(object, 'spec', 'template', 'spec', 'containers', 0, 'image') ?? `${name}:${CONTROLLER_VERSION}`}`,
      );
    else {
      ok = false;
      lines.push(`✗ ${name}: deployment not ready`);
    }
  }

  lines.push('► checking crds');
  if (crds.length === 0) lines.push("✗ no crds found with the label selector 'app.kubernetes.io/part-of=flux'");
  for (const crd of crds) lines.push(`✔ ${crd.metadata.name}/${String(at(crd, 'spec', 'versions', 0, 'name'))}`);
  lines.push(ok ? '✔ all checks passed' : '✗ check failed');
  return ok ? printed('', `${lines.join('\n')}\n`) : failed(lines.join('\n'));
}

function newer(version: string, bound: string): boolean {
  const parts = (text: string): number[] => text.split(/[.+-]/).slice(0, 3).map(Number);
  const [have, want] = [parts(version), parts(bound)];
  for (let index = 0; index < 3; index += 1)
    if (have[index] !== want[index]) return (have[index] ?? 0) > (want[index] ?? 0);
  return true;
}
