/**
 * The real tools that tests use, a row per executable. A family is a folder here with its own go.mod and go.sum
 * (one module for all of them does not resolve); the version is the one that its go.mod requires.
 *
 * To add a tool: a folder with go.mod and go.sum, and a row.
 */
export type Row = {
  /** The folder with go.mod and go.sum. */
  family: string;
  /** The Go package that becomes the executable. */
  package: string;
  /** The module whose required version is the tool's version. */
  module: string;
  /** The argv that makes the tool say its version: asked after each build, before the tool enters the cache. */
  version: string[];
  /** Linker flags with which upstream's own release sets the version: VERSION `v1.2.3`, MAJOR `1`, MINOR `2`. */
  stamp?: string[];
};

const kubernetes = (name: string): Row => ({
  family: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  module: 'k8s.io/kubernetes',
  version: name === 'kubectl' ? ['version', '--client'] : ['--version'],
  stamp: [
    '-X k8s.io/component-base/version.gitVersion=VERSION',
    '-X k8s.io/component-base/version.gitMajor=MAJOR',
    '-X k8s.io/component-base/version.gitMinor=MINOR',
    '-X k8s.io/client-go/pkg/version.gitVersion=VERSION',
  ],
});

const age = (name: string): Row => ({
  family: 'age',
  package: `filippo.io/age/cmd/${name}`,
  module: 'filippo.io/age',
  version: ['--version'],
  stamp: ['-X main.Version=VERSION'],
});

export const table = {
  talosctl: {
    family: 'talosctl',
    package: 'github.com/siderolabs/talos/cmd/talosctl',
    module: 'github.com/siderolabs/talos',
    version: ['version', '--client'],
  },
  sops: {
    family: 'sops',
    package: 'github.com/getsops/sops/v3/cmd/sops',
    module: 'github.com/getsops/sops/v3',
    version: ['--disable-version-check', '--version'],
  },
  age: age('age'),
  'age-keygen': age('age-keygen'),
  kustomize: {
    family: 'kustomize',
    package: 'sigs.k8s.io/kustomize/kustomize/v5',
    module: 'sigs.k8s.io/kustomize/kustomize/v5',
    version: ['version'],
    stamp: ['-X sigs.k8s.io/kustomize/api/provenance.version=VERSION'],
  },
  kubeconform: {
    family: 'kubeconform',
    package: 'github.com/yannh/kubeconform/cmd/kubeconform',
    module: 'github.com/yannh/kubeconform',
    version: ['-v'],
    stamp: ['-X main.version=VERSION'],
  },
  helm: {
    family: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    module: 'helm.sh/helm/v4',
    version: ['version', '--short'],
    stamp: ['-X helm.sh/helm/v4/internal/version.version=VERSION'],
  },
  etcd: {
    family: 'etcd',
    package: 'go.etcd.io/etcd/server/v3',
    module: 'go.etcd.io/etcd/server/v3',
    version: ['--version'],
  },
  kubectl: kubernetes('kubectl'),
  'kube-apiserver': kubernetes('kube-apiserver'),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  kwok: {
    family: 'kwok',
    package: 'sigs.k8s.io/kwok/cmd/kwok',
    module: 'sigs.k8s.io/kwok',
    version: ['--version'],
  },
  helmfile: {
    family: 'helmfile',
    package: 'github.com/helmfile/helmfile',
    module: 'github.com/helmfile/helmfile',
    version: ['--version'],
    stamp: ['-X go.szostok.io/version.version=VERSION'],
  },
} satisfies Record<string, Row>;

export type ToolName = keyof typeof table;
export const toolNames = Object.keys(table) as ToolName[];

/** The row of a name, or an error that lists the names there are. */
export const rowOf = (name: string): Row => {
  const row = (table as Record<string, Row>)[name];
  if (!row) throw new Error(`no tool ${JSON.stringify(name)} in the toolchain; there are: ${toolNames.join(', ')}`);
  return row;
};
