import { isAbsolute, join, relative } from 'node:path';
import { EXIT, type Files, Problem, type Survey } from '@coldstart/contract';
import { isIgnoredByGit, workTreeOf } from './git-ignore.ts';

const DEFAULT_PATH = 'kubernetes/kubeconfig';
const DEFAULT_CONTEXT = '{cluster}';

/** What the operator said on the command line and in the environment. */
export type KubeconfigOrigin = {
  /** Absolute path of the repository. */
  root: string;
  home: string;
  env: (name: string) => string | undefined;
  /** `--kubeconfig`, `--context` */
  flags: { kubeconfig?: string | undefined; context?: string | undefined };
};

/**
 * Which kubeconfig and which context are this cluster's.
 *
 * Flag, then environment (`KUBECONFIG`, `CONTEXT`), then configuration, then `kubernetes/kubeconfig` and the cluster's name.
 * A file that Git would pick up is never used: it holds an administrator's key. `~/.kube/coldstart/<cluster>` takes its
 * place, and that is said.
 */
export function kubeconfigSurvey(origin: KubeconfigOrigin): Survey {
  return {
    id: 'kubernetes/kubeconfig',
    needs: [],
    provides: ['kubernetes/kubeconfig'],
    run: async ({ cluster, files, config }) => {
      const section = config as { kubeconfig?: string; context?: string };
      const assumed: string[] = [];
      const fill = (template: string): string => fillTemplate(template, cluster, origin.env);

      const list =
        origin
          .env('KUBECONFIG')
          ?.split(process.platform === 'win32' ? ';' : ':')
          .filter(Boolean) ?? [];
      const fromEnv = list[0];
      if (list.length > 1) assumed.push(`KUBECONFIG names ${list.length} files; the first one is used: ${fromEnv}`);
      const wanted = origin.flags.kubeconfig ?? fromEnv ?? section.kubeconfig ?? DEFAULT_PATH;
      const absolute = absolutePath(fill(wanted), origin);

      const { path, read, why } = await outsideOfGit(absolute, cluster, origin, files);
      if (why) assumed.push(why);
      const context = fill(
        origin.flags.context ?? (origin.env('CONTEXT') || undefined) ?? section.context ?? DEFAULT_CONTEXT,
      );
      for (const [what, value] of [
        ['kubeconfig path', path],
        ['context', context],
      ] as const) {
        if (value.startsWith('-')) {
          throw new Problem(`the ${what} "${value}" begins with "-" and would be taken for a flag`, {
            exit: EXIT.usage,
            remedy: 'name another',
          });
        }
      }
      return { facts: { 'kubernetes/kubeconfig': { path, context } }, read, assumed, problems: [], secrets: [] };
    },
  };
}

async function outsideOfGit(
  absolute: string,
  cluster: string,
  { root, home }: KubeconfigOrigin,
  files: Files,
): Promise<{ path: string; read: string[]; why?: string }> {
  const tree = await workTreeOf(absolute, files);
  const shown = tree === undefined ? absolute : inRoot(absolute, root);
  if (tree === undefined) return { path: inRoot(absolute, root), read: [] };
  const { ignored, read } = await isIgnoredByGit(tree, relative(tree, absolute), files);
  const inside = read.map((file) => inRoot(file, root)).filter((file) => !isAbsolute(file));
  if (ignored) return { path: shown, read: inside };
  const instead = join(home, '.kube', 'coldstart', cluster);
  return {
    path: instead,
    read: inside,
    why: `${shown} lies in a Git work tree and is not ignored, so the kubeconfig goes to ~/.kube/coldstart/${cluster}`,
  };
}

/** Relative to the root where the file is inside it, so that another clone gives the same plan. */
function inRoot(absolute: string, root: string): string {
  const short = relative(root, absolute);
  return short !== '' && !short.startsWith('..') && !isAbsolute(short) ? short : absolute;
}

function absolutePath(path: string, { root, home }: KubeconfigOrigin): string {
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  return isAbsolute(path) ? join(path) : join(root, path);
}

function fillTemplate(template: string, cluster: string, env: (name: string) => string | undefined): string {
  return template
    .replaceAll('{cluster}', cluster)
    .replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)/g, (_, braced, bare) => {
      const name = String(braced ?? bare);
      const value = env(name);
      if (value === undefined || value === '') {
        throw new Problem(`"${template}" uses the variable ${name}, which is not set`, {
          exit: EXIT.usage,
          remedy: `set ${name}, or write the path out`,
        });
      }
      return value;
    });
}
