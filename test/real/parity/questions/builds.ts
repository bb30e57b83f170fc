import { parseConform } from '../../../../plugins/flux/src/flux/build.ts';
import { kubeconform, kustomize } from '../../../../plugins/flux/src/tool.ts';
import { type Question, said, documents } from './common.ts';

const conform = ['-strict', '-summary', '-output', 'json', '-ignore-missing-schemas', '-'];

/** What builds and checks manifests. */
export const ofBuilds: readonly Question[] = [
  {
    name: 'kustomize: own version',
    tool: 'kustomize',
    argv: ['version'],
    read: kustomize.version.parse as (stdout: string) => unknown,
    expected: { exit: 0, read: '5.8.2' },
  },
  {
    name: "kustomize: the cluster's root",
    tool: 'kustomize',
    argv: ['build', 'clusters/infra/flux'],
    read: (stdout) => documents(stdout).length,
    expected: { exit: 0, read: 27 },
  },
  {
    name: "kubectl: the cluster's root, where there is no kustomize",
    tool: 'kubectl',
    argv: ['kustomize', 'clusters/infra/flux'],
    read: (stdout) => documents(stdout).length,
    expected: { exit: 0, read: 27 },
  },
  {
    name: 'kubectl: a root that is none, where there is no kustomize',
    tool: 'kubectl',
    argv: ['kustomize', 'nowhere'],
    read: said,
    expected: { exit: 1, read: 'nowhere' },
  },
  {
    name: 'kustomize: a folder that is none',
    tool: 'kustomize',
    argv: ['build', 'nowhere'],
    read: said,
    expected: { exit: 1, read: 'nowhere' },
  },
  {
    name: 'kubeconform: own version',
    tool: 'kubeconform',
    argv: ['-v'],
    read: kubeconform.version.parse as (stdout: string) => unknown,
    expected: { exit: 0, read: '0.8.0' },
  },
  {
    name: 'kubeconform: nothing to check',
    tool: 'kubeconform',
    argv: conform,
    stdin: '',
    read: parseConform,
    expected: { exit: 0, read: { invalid: [], untested: 0, valid: 0 } },
  },
  {
    name: 'kubeconform: a manifest without a kind',
    tool: 'kubeconform',
    argv: conform,
    stdin: '{"apiVersion":"v1","metadata":{"name":"a"}}\n',
    read: parseConform,
    expected: {
      exit: 1,
      read: { invalid: [{ what: '? a', why: "error while parsing: missing 'kind' key" }], untested: 0, valid: 0 },
    },
  },
  {
    name: 'kubeconform: a manifest without a version',
    tool: 'kubeconform',
    argv: conform,
    stdin: '{"kind":"ConfigMap","metadata":{"name":"a"}}\n',
    read: parseConform,
    expected: {
      exit: 1,
      read: {
        invalid: [{ what: 'ConfigMap a', why: "error while parsing: missing 'apiVersion' key" }],
        untested: 0,
        valid: 0,
      },
    },
  },
  {
    name: 'kubeconform: what is no YAML',
    tool: 'kubeconform',
    argv: conform,
    stdin: 'a: [\n',
    read: (stdout) =>
      parseConform(stdout)?.invalid.map(({ what, why }) => [what, why.startsWith('error unmarshalling')]),
    expected: { exit: 1, read: [['? ?', true]] },
  },
];
