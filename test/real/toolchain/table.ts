/**
 * The real tools that tests use, a row per executable. A family is a folder here with its own go.mod and go.sum
 * (one module for all of them does not resolve); the version is the one that its go.mod requires.
 *
 * To add a tool: a folder with go.mod and go.sum, and a row.
 */
export type Row = {
  /** `A`: the everyday lane needs it. `B`: only what `--all` runs needs it, so only that builds it. */
  tier: 'A' | 'B';
  /** The folder with go.mod and go.sum. */
  family: string;
  /** The Go package that becomes the executable; `.`: what lies in that folder itself. */
  package: string;
  /** The module whose required version is the tool's version. */
  module: string;
  /** The argv that makes the tool say its version: asked after each build, before the tool enters the cache. */
  version: string[];
  /**
   * Set where the tool has no word for its version: it must run with the argv above all the same, and the version is
   * the one that Go wrote into the executable.
   */
  silent?: true;
  /** Linker flags with which upstream's own release sets the version: `{version}` v1.2.3, `{number}` 1.2.3, `{major}`, `{minor}`. */
  stamp?: string[];
  /** A file that upstream's release makes before it builds, and that the module therefore lacks. */
  adds?: { path: string; text: string };
};

const kubernetes = (name: string) => ({
  tier: 'A' as const,
  family: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  module: 'k8s.io/kubernetes',
  version: name === 'kubectl' ? ['version', '--client'] : ['--version'],
  stamp: [
    '-X k8s.io/component-base/version.gitVersion={version}',
    '-X k8s.io/component-base/version.gitMajor={major}',
    '-X k8s.io/component-base/version.gitMinor={minor}',
    '-X k8s.io/client-go/pkg/version.gitVersion={version}',
  ],
});

const age = (name: string) => ({
  tier: 'A' as const,
  family: 'age',
  package: `filippo.io/age/cmd/${name}`,
  module: 'filippo.io/age',
  version: ['--version'],
  stamp: ['-X main.Version={version}'],
});

/** Flux' controllers have no flag for their version. */
const controller = (name: string) =>
  ({
    tier: 'B' as const,
    family: name,
    package: `github.com/fluxcd/${name}`,
    module: `github.com/fluxcd/${name}`,
    version: ['--help'],
    silent: true as const,
  }) satisfies Row;

export const table = {
  talosctl: {
    tier: 'A',
    family: 'talosctl',
    package: 'github.com/siderolabs/talos/cmd/talosctl',
    module: 'github.com/siderolabs/talos',
    version: ['version', '--client'],
  },
  sops: {
    tier: 'A',
    family: 'sops',
    package: 'github.com/getsops/sops/v3/cmd/sops',
    module: 'github.com/getsops/sops/v3',
    version: ['--disable-version-check', '--version'],
  },
  age: age('age'),
  'age-keygen': age('age-keygen'),
  kustomize: {
    tier: 'A',
    family: 'kustomize',
    package: 'sigs.k8s.io/kustomize/kustomize/v5',
    module: 'sigs.k8s.io/kustomize/kustomize/v5',
    version: ['version'],
    stamp: ['-X sigs.k8s.io/kustomize/api/provenance.version={version}'],
  },
  kubeconform: {
    tier: 'A',
    family: 'kubeconform',
    package: 'github.com/yannh/kubeconform/cmd/kubeconform',
    module: 'github.com/yannh/kubeconform',
    version: ['-v'],
    stamp: ['-X main.version={version}'],
  },
  helm: {
    tier: 'A',
    family: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    module: 'helm.sh/helm/v4',
    version: ['version', '--short'],
    stamp: ['-X helm.sh/helm/v4/internal/version.version={version}'],
  },
  etcd: {
    tier: 'A',
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
    tier: 'A',
    family: 'kwok',
    package: 'sigs.k8s.io/kwok/cmd/kwok',
    module: 'sigs.k8s.io/kwok',
    version: ['--version'],
  },
  helmfile: {
    tier: 'A',
    family: 'helmfile',
    package: 'github.com/helmfile/helmfile',
    module: 'github.com/helmfile/helmfile',
    version: ['--version'],
    stamp: ['-X go.szostok.io/version.version={version}'],
  },
  crane: {
    tier: 'A',
    family: 'crane',
    package: 'github.com/google/go-containerregistry/cmd/crane',
    module: 'github.com/google/go-containerregistry',
    version: ['version'],
    stamp: ['-X github.com/google/go-containerregistry/cmd/crane/cmd.Version={version}'],
  },
  // A Git host's ssh door, for deploy keys: our own few lines on a library, since sshd is no Go module.
  'git-ssh': {
    tier: 'A',
    family: 'git-ssh',
    package: '.',
    module: 'github.com/gliderlabs/ssh',
    version: ['--help'],
    silent: true,
  },
  flux: {
    tier: 'A',
    family: 'flux',
    package: 'github.com/fluxcd/flux2/v2/cmd/flux',
    module: 'github.com/fluxcd/flux2/v2',
    version: ['version', '--client'],
    stamp: ['-X main.VERSION={number}'],
    // Only `install` and `bootstrap` read these manifests, and neither works without the real ones.
    adds: { path: 'cmd/flux/manifests/none.yaml', text: '# The manifests of a release are not part of the module.\n' },
  },
  'source-controller': controller('source-controller'),
  'kustomize-controller': controller('kustomize-controller'),
  'helm-controller': controller('helm-controller'),
  // Beside the newer one: an operator's talosctl may be a minor older than the nodes.
  'talosctl-1.12': {
    tier: 'B',
    family: 'talosctl-1.12',
    package: 'github.com/siderolabs/talos/cmd/talosctl',
    module: 'github.com/siderolabs/talos',
    version: ['version', '--client'],
  },
} satisfies Record<string, Row>;

export type ToolName = keyof typeof table;
export const toolNames = Object.keys(table) as ToolName[];

/** The tools of the everyday lane. */
export type EverydayName = { [N in ToolName]: (typeof table)[N]['tier'] extends 'A' ? N : never }[ToolName];
export const everyday = toolNames.filter((name): name is EverydayName => table[name].tier === 'A');

/** The row of a name, or an error that lists the names there are. */
export const rowOf = (name: string): Row => {
  const row = (table as Record<string, Row>)[name];
  if (!row) throw new Error(`no tool ${JSON.stringify(name)} in the toolchain; there are: ${toolNames.join(', ')}`);
  return row;
};
