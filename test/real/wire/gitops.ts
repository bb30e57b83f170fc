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
  /** Makes a copy of the example read from here; the repository itself only with credentials. */
  adapt: (root: string) => Promise<void>;
  /** What `op` has to give, so that the Git server lets Flux in and Flux can decrypt. */
  values: () => Readonly<Record<string, string>>;
  /** Which user and password the Git server wants from now on. */
  wants: (credentials: { username: string; password: string }) => Promise<void>;
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
  const { git } = sources;
  let flux: Flux | undefined;
  try {
    await publishOthers(sources, join(dir, 'others'));
  } catch (error) {
    await sources.stop();
    throw error;
  }
  return {
    sources,
    adapt: async (root) => {
      await rewriteSources(root, sources, 'closed');
      // Over http a user and a password take the deploy key's place.
      const template = join(root, 'bootstrap/infra/deploy-key.yaml.tpl');
      const text = await readFile(template, 'utf8');
      const data = `  username: "${DEPLOY_KEY}/username_b64"\n  password: "${DEPLOY_KEY}/password_b64"\n`;
      await writeFile(template, text.replace(/^ {2}identity: [\s\S]*$/m, data));
    },
    values: () => ({
      [`${DEPLOY_KEY}/username_b64`]: git.credentials.username,
      [`${DEPLOY_KEY}/password_b64`]: git.credentials.password,
      'op://k8s-ops/infra-sops/age_key': key,
    }),
    wants: ({ username, password }) =>
      writeFile(join(dir, 'git/credentials'), `${username}:${password}\n`, { mode: 0o600 }),
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
