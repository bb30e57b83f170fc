import { posix } from 'node:path';
import { checkedOut, remoteOf } from '../../kubernetes/remote.ts';
import type { Model } from '../../model.ts';
import { failed, printed } from '../common/result.ts';
import { hostOf } from '../common/access.ts';
import { notSimulated, type SimulatedTool, type ToolCall, type ToolResult } from '../tool.ts';
import { ignored } from './ignore.ts';
import { catFile, lsTree } from './objects.ts';
import { catBlob, fetchRef, hashObject, push, refLines } from './refs.ts';

/**
 * git 2.47: remotes are the world's; the work tree is the operator's, taken as clean and as what its commit holds. A clone
 * has that commit and the one that the remote's branch stands at.
 */
export const git: SimulatedTool = {
  name: 'git',
  version: '2.47.3',
  async run(model, call) {
    const { words, folder } = globals(call);
    const [command, ...rest] = words;
    if (command === '--version' || command === 'version') return printed('git version 2.47.3\n');
    if (command === 'ls-remote') {
      await call.spend(800);
      return lsRemote(model, call, rest);
    }
    const top = repositoryOf(model, call, folder);
    if (top === undefined)
      return failed('fatal: not a git repository (or any of the parent directories): .git', '', 128);
    if (command === 'check-ignore') return checkIgnore(call, folder, top, rest);
    if (command === 'hash-object') return hashObject(model, call, rest);
    if (command === 'cat-file' && rest[0] === 'blob') return catBlob(model, call, rest.slice(1));
    if (command === 'fetch' || command === 'push') {
      const [remote = ''] = rest.filter((arg) => !arg.startsWith('-'));
      await call.spend(1500);
      const url = urlOf(model, remote);
      const away = url === undefined ? noRemote(remote) : refusedBy(url);
      return away ?? (command === 'push' ? push : fetchRef)(model, call, rest, url ?? '');
    }
    if (command === 'rev-parse') return revParse(model, call, top, rest);
    if (command === 'status') return status(model, call, rest);
    if (command === 'ls-tree') return lsTree(model, call, top, rest, sourceOf(model));
    if (command === 'cat-file') return catFile(model, call, top, rest);
    if (command === 'remote' && rest[0] === 'get-url') return remoteUrl(model, call, rest[1] ?? 'origin');
    return notSimulated('git', call.argv);
  },
};

function globals(call: ToolCall): { words: string[]; folder: string } {
  let folder = call.cwd;
  let index = 0;
  for (; index < call.argv.length; index += 1) {
    const arg = call.argv[index] as string;
    if (arg === '-C') folder = call.path(call.argv[(index += 1)] as string);
    else if (arg === '-c') index += 1;
    else if (arg !== '--no-optional-locks' && arg !== '--no-pager') break;
  }
  return { words: call.argv.slice(index) as string[], folder };
}

/** The folder with `.git`, from `folder` upwards; the repository that is rehearsed counts as one, whether or not it is under Git here. */
function repositoryOf(model: Model, call: ToolCall, folder: string): string | undefined {
  for (let at = folder; ; at = posix.dirname(at)) {
    if (call.read(posix.join(at, '.git/HEAD')) !== undefined || at === model.root) return at;
    if (at === '/' || at === '.') return undefined;
  }
}

function lsRemote(model: Model, call: ToolCall, args: string[]): ToolResult {
  const flags = args.filter((arg) => arg.startsWith('-'));
  const [named = '', ...refs] = args.filter((arg) => !arg.startsWith('-'));
  const url = urlOf(model, named);
  const unknown = flags.find(
    (flag) => !['--exit-code', '--heads', '--branches', '--refs', '-h', '-b', '--'].includes(flag),
  );
  if (unknown !== undefined || named === '') return notSimulated('git', call.argv);
  if (url === undefined) return noRemote(named);
  const away = refusedBy(url);
  if (away) return away;
  const address = addressOf(url);
  // The operator's own access is another matter than the key that Flux is given.
  const withKey = call.env['COLDSTART_DEPLOY_KEY'] !== undefined;
  if (address && withKey && model.faults.strike('deploy-key-refused'))
    return failed(
      `git@${address.host}: Permission denied (publickey).\r\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.`,
      '',
      128,
    );
  const remote = remoteOf(model, url);
  const heads = remote.branches
    .map((branch) => ({ branch, commit: remote.head(branch) }))
    .filter(({ branch }) => refs.length === 0 || refs.some((ref) => ref === branch || ref === `refs/heads/${branch}`));
  const head =
    refs.length === 0 && !flags.some((flag) => ['--heads', '--branches', '-h', '-b', '--refs'].includes(flag))
      ? [`${remote.head(remote.branches[0] ?? 'main')}\tHEAD\n`]
      : [];
  const onlyHeads = flags.some((flag) => ['--heads', '--branches', '-h', '-b'].includes(flag));
  const lines = [
    ...head,
    ...(onlyHeads ? [] : refLines(model, url, refs)),
    ...heads.map(({ branch, commit }) => `${commit}\trefs/heads/${branch}\n`),
  ];
  return { exit: lines.length === 0 && flags.includes('--exit-code') ? 2 : 0, stdout: lines.join(''), stderr: '' };
}

/** What a name or URL of a remote stands for; undefined where the clone has none of that name. */
function urlOf(model: Model, remote: string): string | undefined {
  if (!/^[\w-]+$/.test(remote)) return remote;
  const { url } = sourceOf(model);
  return remote === 'origin' && url !== '' ? url : undefined;
}

const ADVICE = '\n\nPlease make sure you have the correct access rights\nand the repository exists.';

const noRemote = (name: string): ToolResult =>
  failed(
    `fatal: '${name}' does not appear to be a git repository\nfatal: Could not read from remote repository.${ADVICE}`,
    '',
    128,
  );

/** The host and port behind an ssh URL. */
function addressOf(url: string): { host: string; port: number } | undefined {
  const [, host, port = ':22'] = /^ssh:\/\/(?:[^/:]+@)?([^/:]+)(:\d+)?/.exec(url) ?? [];
  return host === undefined ? undefined : hostOf(`https://${host}${port}`);
}

/** Nothing listens on this machine. */
function refusedBy(url: string): ToolResult | undefined {
  const address = addressOf(url);
  if (address?.host !== '127.0.0.1' && address?.host !== 'localhost') return undefined;
  return failed(
    `ssh: connect to host ${address.host} port ${address.port}: Connection refused\r\nfatal: Could not read from remote repository.${ADVICE}`,
    '',
    128,
  );
}

function checkIgnore(call: ToolCall, folder: string, top: string, args: string[]): ToolResult {
  const paths = args.filter((arg) => !arg.startsWith('-'));
  const quiet = args.some((arg) => arg === '-q' || arg === '--quiet');
  const found = paths.filter((path) =>
    ignored(
      { read: (file) => call.read(file) },
      top,
      posix.relative(top, posix.isAbsolute(path) ? path : posix.join(folder, path)),
    ),
  );
  return { exit: found.length > 0 ? 0 : 1, stdout: quiet ? '' : found.map((path) => `${path}\n`).join(''), stderr: '' };
}

function revParse(model: Model, call: ToolCall, top: string, args: string[]): ToolResult {
  const source = sourceOf(model);
  const [what] = args.filter((arg) => arg !== '--verify' && arg !== '--quiet' && arg !== '-q');
  if (args.join(' ') === '--show-object-format') return printed('sha1\n');
  if (args.join(' ') === '--git-path objects')
    return printed(`${call.cwd === top ? '' : `${posix.relative(call.cwd, top)}/`}.git/objects\n`);
  if (what === '--show-toplevel') return printed(`${top}\n`);
  if (what === '--is-inside-work-tree') return printed('true\n');
  if (what === '--abbrev-ref' && args.includes('HEAD')) return printed(`${source.branch}\n`);
  if (what === `origin/${source.branch}`) return printed(`${source.remote}\n`);
  if (what === 'HEAD' || what === source.branch || what === `refs/heads/${source.branch}`)
    return printed(`${source.head}\n`);
  return notSimulated('git', call.argv);
}

function status(model: Model, call: ToolCall, args: string[]): ToolResult {
  const known = [
    '--porcelain',
    '--porcelain=v1',
    '--porcelain=v2',
    '--branch',
    '-b',
    '-z',
    '--untracked-files=all',
    '-uall',
    '--',
  ];
  if (
    args.some((arg) => arg.startsWith('-') && !known.includes(arg)) ||
    !args.some((arg) => arg.startsWith('--porcelain'))
  )
    return notSimulated('git', call.argv);
  model.assumed.add('git: the work tree is clean');
  if (!args.includes('--branch') && !args.includes('-b')) return printed('');
  const source = sourceOf(model);
  return printed(
    args.includes('--porcelain=v2')
      ? `# branch.oid ${source.head}\n# branch.head ${source.branch}\n`
      : `## ${source.branch}\n`,
  );
}

function remoteUrl(model: Model, call: ToolCall, name: string): ToolResult {
  const { url } = sourceOf(model);
  return name === 'origin' && url !== '' ? printed(`${url}\n`) : failed(`error: No such remote '${name}'`, '', 2);
}

/** `head`: the commit of the work tree; `remote`: where the remote's branch stands. */
function sourceOf(model: Model): { url: string; branch: string; head: string; remote: string } {
  const fact = model.expected.facts['flux/source'] as { url?: string; branch?: string } | undefined;
  const branch = fact?.branch ?? 'main';
  const url = fact?.url ?? '';
  return { url, branch, head: checkedOut(model, url, branch), remote: remoteOf(model, url).head(branch) };
}
