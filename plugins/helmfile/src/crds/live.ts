import { list, parseJson, str } from '@coldstart/tools';

/** What the cluster says of one CRD. */
export type LiveCrd = {
  name: string;
  content: string;
  owner: string | undefined;
  established: boolean;
  why: string;
  accepted: boolean;
};

/**
 * What is asked of each CRD. Only these fields: all CRDs of a real cluster as JSON are tens of megabytes, and kubectl
 * prints maps and lists as JSON, absent ones as nothing.
 */
export const COLUMNS =
  '{range .items[*]}{.metadata.name}{"\\t"}{.metadata.annotations.coldstart\\.io/content}{"\\t"}' +
  '{.metadata.labels.kustomize\\.toolkit\\.fluxcd\\.io/name}{"\\t"}{.metadata.labels.helm\\.toolkit\\.fluxcd\\.io/name}{"\\t"}' +
  '{.status.conditions}{"\\n"}{end}';

/** Reads the lines of `kubectl get customresourcedefinitions -o jsonpath=COLUMNS`; undefined where one is no such line. */
export function parseLiveCrds(stdout: string): LiveCrd[] | undefined {
  const crds: LiveCrd[] = [];
  for (const line of stdout.split('\n').filter((l) => l.trim() !== '')) {
    const [name, content, kustomization, helmRelease, conditions, ...more] = line.split('\t');
    if (
      !name ||
      content === undefined ||
      kustomization === undefined ||
      helmRelease === undefined ||
      conditions === undefined ||
      more.length > 0
    )
      return undefined;
    const told = conditions === '' ? [] : parseJson(conditions);
    if (!Array.isArray(told)) return undefined;
    const condition = (type: string) => list({ told }, 'told').find((c) => str(c, 'type') === type);
    const established = condition('Established');
    const accepted = condition('NamesAccepted');
    crds.push({
      name,
      content,
      owner:
        kustomization !== ''
          ? `Kustomization ${kustomization}`
          : helmRelease !== ''
            ? `HelmRelease ${helmRelease}`
            : undefined,
      established: str(established, 'status') === 'True',
      accepted: str(accepted, 'status') !== 'False',
      why: [accepted, established]
        .flatMap((c) =>
          c && str(c, 'status') !== 'True' ? [[str(c, 'reason'), str(c, 'message')].filter(Boolean).join(': ')] : [],
        )
        .join('; '),
    });
  }
  return crds;
}
