import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { must } from '../children.ts';
import type { ControlPlane } from '../controlplane/start.ts';
import { followFlux } from '../flux/follow.ts';
import type { Flux, FluxOptions } from '../flux/follow.ts';
import { publishOthers, rewriteSources } from '../flux/rewrite.ts';
import { startSources } from '../flux/sources.ts';
import type { Sources, SourcesOptions } from '../flux/sources.ts';
import { withControllers } from '../flux/fixture.ts';
import { openWhole } from './whole.ts';
import type { Whole, WholeOptions } from './whole.ts';

/** What Flux reads on the whole way, and Flux itself once the cluster has it. */
export type GitOps = {
  sources: Sources;
  /** Makes a copy of the example read from here; the repository itself by ssh, with a deploy key. */
  adapt: (root: string) => Promise<void>;
  /** What `op` has to give, so that the Git server lets Flux in and Flux can decrypt. */
  values: () => Readonly<Record<string, string>>;
  /** Whom the Git server lets in from now on; the deploy key from the start. */
  letsIn: (...who: ('deploy key' | 'operator')[]) => Promise<void>;
  /** A folder with the operator's `ssh`, which knows the Git server. */
  programs: string;
  /** Publishes a work tree's commit as a branch. */
  push: (root: string, branch: string) => Promise<void>;
  /** Brings Flux to life in this cluster, as far as the cluster wants it. */
  follow: (plane: ControlPlane) => void;
  flux: () => Flux | undefined;
  stop: () => Promise<void>;
};

const REPOSITORY = 'k8s-ops';
const DEPLOY_KEY = 'op://k8s-ops/infra-flux-deploy-key';

/** The example's own key, which it publishes: what it encrypts can be decrypted with it. */
const ageKey = async (): Promise<string> => {
  const text = await readFile(new URL('../../../examples/k8s-ops/age.key', import.meta.url), 'utf8');
  return /^AGE-SECRET-KEY-\S+$/m.exec(text)?.[0] ?? '';
};

/** Starts a Git server and a registry, filled with what the example names of others. `dir` need not exist. */
const startGitOps = async (
  toolchain: SourcesOptions['toolchain'] & FluxOptions['toolchain'],
  dir: string,
): Promise<GitOps> => {
  for (const folder of ['others', 'flux']) await mkdir(join(dir, folder), { recursive: true });
  const key = await ageKey();
  const sources = await startSources({ toolchain, dir });
  const { git, ssh } = sources;
  let flux: Flux | undefined;
  const prepared = async () => {
    await publishOthers(sources, join(dir, 'others'));
    const keys = { 'deploy key': await ssh.makeKey('deploy'), operator: await ssh.makeKey('operator') };
    await ssh.letsIn(keys['deploy key']);
    const programs = join(dir, 'programs');
    await operatorsSsh(programs, keys.operator.path, ssh.knownHosts());
    return { keys, programs };
  };
  const { keys, programs } = await prepared().catch(async (error: unknown) => {
    await sources.stop();
    throw error;
  });
  return {
    sources,
    adapt: async (root) => void (await rewriteSources(root, sources, 'ssh')),
    values: () => ({
      [`${DEPLOY_KEY}/private_key_b64`]: keys['deploy key'].identity,
      [`${DEPLOY_KEY}/public_key_b64`]: keys['deploy key'].publicKey,
      [`${DEPLOY_KEY}/known_hosts_b64`]: ssh.knownHosts(),
      'op://k8s-ops/infra-sops/age_key': key,
    }),
    letsIn: (...who) => ssh.letsIn(...who.map((one) => keys[one])),
    programs,
    push: async (root, branch) => {
      const env = { PATH: '/usr/bin:/bin', HOME: dir, GIT_CONFIG_NOSYSTEM: '1' };
      const argv = ['push', '-q', await git.bare(REPOSITORY), `HEAD:refs/heads/${branch}`];
      await must('git', argv, { cwd: root, env, deadline: 60_000 });
    },
    follow: (plane) => {
      flux = followFlux({ plane, sources, toolchain, dir: join(dir, 'flux') });
    },
    flux: () => flux,
    stop: async () => {
      await flux?.stop();
      await sources.stop();
    },
  };
};

/** ssh looks for its configuration in the home that the system knows and not in HOME: here its path is told. */
const operatorsSsh = async (folder: string, identity: string, knownHosts: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const [config, known] = [join(folder, 'config'), join(folder, 'known_hosts')];
  await writeFile(known, knownHosts);
  await writeFile(config, `Host *\n  IdentityFile ${identity}\n  IdentitiesOnly yes\n  UserKnownHostsFile ${known}\n`);
  await writeFile(join(folder, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F '${config}' "$@"\n`, { mode: 0o755 });
};

export type WholeWithGitOps = { whole: Whole; gitops: GitOps; close: () => Promise<void> };

/**
 * The whole way with all plugins and Flux for real. `config` becomes the repository's coldstart.yaml; `alive` is told the control
 * plane as soon as it lives, and Flux follows it then.
 */
export const openWithGitOps = async ({
  toolchain,
  config,
  killed = false,
  alive,
}: Pick<WholeOptions, 'killed'> & {
  toolchain: WholeOptions['toolchain'];
  config: string;
  alive: (plane: ControlPlane) => void;
}): Promise<WholeWithGitOps> => {
  let gitops: GitOps | undefined;
  const whole = await openWhole({
    toolchain,
    killed,
    plugins: ['plugin-talos', 'plugin-helmfile', 'plugin-flux', 'plugin-cilium'],
    adapt: async (root, { dir }) => {
      gitops = await startGitOps(withControllers(toolchain), join(dir, 'sources'));
      await gitops.adapt(root);
      await writeFile(join(root, 'coldstart.yaml'), config);
    },
    values: () => gitops?.values() ?? {},
    programs: () => gitops?.programs,
  }).catch(async (error: unknown) => {
    await gitops?.stop();
    throw error;
  });
  const started = gitops as GitOps | undefined;
  if (!started) throw new Error('the repository was not adapted');
  void whole.behind.plane().then((plane) => {
    alive(plane);
    started.follow(plane);
  });
  return {
    whole,
    gitops: started,
    close: async () => {
      await started.stop();
      await whole.close();
    },
  };
};
