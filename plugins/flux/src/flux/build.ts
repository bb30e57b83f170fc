import { succeeded, type Reader, type Signal } from '@coldstart/contract';
import { askAgain, isObject, list, num, parseJson, plain, str, textOf, whyNot } from '@coldstart/tools';

/** Whether the cluster's root builds: offline, and nothing of it is carried out. */
export type Built = { signal: Signal; manifests: Uint8Array | undefined };

/** `kustomize build`, or kubectl's own where kustomize is not installed. */
export async function buildRoot(world: Reader, path: string): Promise<Built> {
  const own = await world.tool('kustomize');
  const folder = path === '' ? '.' : path;
  const done = await askAgain(world, {
    tool: own ? 'kustomize' : 'kubectl',
    argv: [own ? 'build' : 'kustomize', folder],
    deadline: 60_000,
  });
  const ok = succeeded(done) && done.stdout.length > 0;
  const source = own ? `kustomize build ${folder}` : `kubectl kustomize ${folder}`;
  return {
    signal: {
      name: 'build',
      subject: folder,
      expected: 'clean',
      observed: ok ? 'clean' : done.exit === 0 ? 'empty' : whyNot(done).slice(0, 500),
      ok,
      source,
    },
    manifests: ok ? done.stdout : undefined,
  };
}

/** What kubeconform says of manifests. `untested`: no schema at hand, which is no word on the manifest. */
export type Conform = { invalid: { what: string; why: string }[]; untested: number; valid: number };

/** `kubeconform -summary -output json`; undefined where the text is no such answer. It exits 1 for a missing schema too. */
export function parseConform(stdout: string): Conform | undefined {
  const value = parseJson(stdout);
  if (!isObject(value) || !isObject(value['summary'])) return undefined;
  const resources = list(value, 'resources');
  const unread = resources.filter((r) => str(r, 'status') === 'statusError' && !lacksSchema(str(r, 'msg') ?? ''));
  const invalid = [...unread, ...resources.filter((r) => str(r, 'status') === 'statusInvalid')].map((r) => ({
    what: `${str(r, 'kind') || '?'} ${str(r, 'name') || '?'}`,
    why: plain(str(r, 'msg') ?? ''),
  }));
  return {
    invalid,
    untested: (num(value, 'summary', 'errors') ?? 0) - unread.length + (num(value, 'summary', 'skipped') ?? 0),
    valid: num(value, 'summary', 'valid') ?? 0,
  };
}

/** `failed downloading schema at …`, `could not find schema for …`; any other error is one of the manifest: no kind, no YAML. */
const lacksSchema = (why: string): boolean => /^(?:failed|could not) .*\bschema\b/.test(why);

/** Checks built manifests against schemas, where kubeconform is there; what was not tested is a deviation. */
export async function conformSignals(
  world: Reader,
  manifests: Uint8Array,
): Promise<{ signals: Signal[]; deviations: string[] }> {
  if (!(await world.tool('kubeconform')))
    return {
      signals: [],
      deviations: [
        "the manifests of the cluster's root were not checked against schemas: kubeconform is not installed",
      ],
    };
  const done = await askAgain(world, {
    tool: 'kubeconform',
    argv: ['-strict', '-summary', '-output', 'json', '-ignore-missing-schemas', '-'],
    stdin: manifests,
    deadline: 120_000,
  });
  const said = done.how === 'exit' ? parseConform(textOf(done.stdout)) : undefined;
  if (!said)
    return {
      signals: [],
      deviations: [
        `the manifests of the cluster's root were not checked against schemas: kubeconform told nothing (${whyNot(done)})`,
      ],
    };
  const observed =
    said.invalid.length === 0 ? `${said.valid} valid` : said.invalid.map((i) => `${i.what}: ${i.why}`).join('; ');
  return {
    signals: [
      {
        name: 'schemas',
        expected: 'no invalid manifest',
        observed: observed.slice(0, 500),
        ok: said.invalid.length === 0,
        source: 'kubeconform',
      },
    ],
    deviations:
      said.untested > 0 ? [`${said.untested} manifests of the cluster's root were not checked: no schema at hand`] : [],
  };
}
