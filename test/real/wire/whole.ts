import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { installPacked } from '../../packed/support/install.ts';
import type { Installed } from '../../packed/support/install.ts';
import { formsOf, secretsIn, secretsOfCopies, secretsOfOp } from '../canary.ts';
import type { Canary } from '../canary.ts';
import { run } from '../children.ts';
import type { Finished } from '../children.ts';
import { openKills } from '../kills.ts';
import type { Kills } from '../kills.ts';
import { recordCalls } from '../received.ts';
import type { Recorder } from '../received.ts';
import { watchSpent } from '../runs.ts';
import type { Spent } from '../runs.ts';
import type { Toolchain } from '../toolchain/build.ts';
import { prepareRepository, shims, toolEnvironment } from '../world.ts';
import { ground } from './fixture.ts';
import type { Ground } from './fixture.ts';
import { clusterBehind } from './kubernetes.ts';
import { leash } from './leash.ts';
import type { Behind } from './kubernetes.ts';
import type { Wire, WireOptions } from './open.ts';
import { listWithoutAddresses } from './repository.ts';

/** Everything that a whole bring-up needs: nodes on the wire, what becomes their control plane, and coldstart installed. */
export type Whole = {
  run: Ground;
  wire: Wire;
  behind: Behind;
  /** The folder that coldstart may leave something in: repository, HOME, scratch, what the tools received. */
  dir: string;
  /** The operator's work tree, with this run's addresses and this machine's charts; and another copy of it. */
  repository: string;
  fresh: string;
  kubeconfig: string;
  recorder: Recorder;
  /** Where coldstart is killed, where `killed` was asked for; nowhere, until something is armed. */
  kills: Kills;
  /** What is secret of everything that the run is given, and where it belongs in `dir`; the kubeconfig's key once a node has given it. */
  canaries: Canary[];
  /** Every form in which one of them could show. */
  forms: string[];
  /** The environment of tools that the test itself calls: not recorded. */
  own: Record<string, string>;
  /** Runs coldstart, as a process of its own from packed tarballs. `spent` is its processor time. */
  coldstart: (
    argv: readonly string[],
    options?: { cwd?: string; started?: (pid: number) => void; deadline?: number },
  ) => Promise<Finished & { spent: Spent }>;
  /** What everything has printed so far. */
  printed: () => string;
  close: () => Promise<void>;
};

export type WholeOptions = {
  toolchain: Toolchain;
  /** Packages without their scope, the contract, tools, engine and host apart: `plugin-talos`. */
  plugins: readonly string[];
  wire?: Partial<WireOptions>;
  /** What else becomes of the repository before it is committed. */
  adapt?: (root: string, run: Ground) => Promise<void>;
  /** Values that `op` gives, by reference, where a made-up one does not do. */
  values?: () => Readonly<Record<string, string>>;
  /** A folder of programs that the operator has before all others on the PATH. */
  programs?: () => string | undefined;
  /** Whether `kills` are to be looked for: at each call, and at each file. */
  killed?: boolean;
};

export const openWhole = async ({
  toolchain,
  plugins,
  wire: wanted = {},
  adapt,
  values = () => ({}),
  programs = () => undefined,
  killed = false,
}: WholeOptions): Promise<Whole> => {
  const closing: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const run = await ground(toolchain.talosctl.path);
    closing.push(() => run.release());
    await listWithoutAddresses(run.root);
    await adapt?.(run.root, run);
    const dir = join(run.dir, 'ground');
    const [repository, fresh] = [join(dir, 'repository'), join(dir, 'fresh')];
    for (const folder of ['tmp', 'operator']) await mkdir(join(dir, folder), { recursive: true });
    await prepareRepository(run.root, repository);
    await cp(repository, fresh, { recursive: true });

    const behind = clusterBehind({
      toolchain,
      dir: join(run.dir, 'plane'),
      addresses: addressesOf(run),
      within: WITHIN,
    });
    closing.push(() => behind.close());
    const { snapshot, bootstrapped } = behind;
    const kubeconfig = join(dir, 'operator/kubeconfig');
    const canaries: Canary[] = [];
    const forms: string[] = [];
    const watched = (canary: Canary): void => {
      canaries.push(canary);
      forms.push(...canary.forms);
    };
    /** A node makes a new key for everyone who asks; it belongs into the file that coldstart is told to make. */
    const credentials: typeof behind.kubeconfig = async (...of) => {
      const text = await behind.kubeconfig(...of);
      for (const { name, value } of secretsIn(text))
        watched({ name: `kubeconfig ${name}`, forms: formsOf([value]), places: [kubeconfig] });
      return text;
    };
    const wire = await run.open({ kubeconfig: credentials, snapshot, bootstrapped, within: WITHIN, ...wanted });
    behind.follow(wire);

    const installed: Installed = installPacked(
      ['contract', 'tools', 'engine', 'cli', ...plugins].map((name) => `@coldstart/${name}`),
    );
    closing.push(() => installed.remove());
    const own = await toolEnvironment(join(dir, 'home'), toolchain);
    await mkdir(join(dir, 'home/.config'), { recursive: true });
    const told = join(dir, 'home/.config/coldstart-shim-op.json');
    await writeFile(told, JSON.stringify(values()), { mode: 0o600 });
    secretsOfCopies([repository, fresh], [told]).forEach(watched);
    const ageKeys = [repository, fresh].map((root) => join(root, 'age.key'));
    (await secretsOfOp(repository, own, [told, ...ageKeys])).forEach(watched);
    const kills = await openKills(join(run.dir, 'kills'));
    const tools = {
      talosctl: toolchain.talosctl.path,
      kubectl: toolchain.kubectl.path,
      helm: toolchain.helm.path,
      helmfile: toolchain.helmfile.path,
      flux: toolchain.flux.path,
      kustomize: toolchain.kustomize.path,
      kubeconform: toolchain.kubeconform.path,
      op: join(shims, 'op'),
      cilium: join(shims, 'cilium'),
    };
    const recorder = await recordCalls(join(dir, 'received'), tools, killed ? kills.dir : undefined);
    const path = [recorder.bin, programs(), own['PATH']].filter((folder) => folder !== undefined).join(':');
    const env = { ...own, PATH: path, TMPDIR: join(dir, 'tmp'), USER: 'op' };
    const node = killed ? kills.node : { flags: [], env: {} };
    let printed = '';
    // A run that a failed test did not wait for, or that Ctrl-C leaves, goes before everything that it speaks to.
    const held = leash();
    closing.push(() => held.end());
    return {
      run,
      wire,
      behind,
      dir,
      repository,
      fresh,
      kubeconfig,
      recorder,
      kills,
      canaries,
      forms,
      own,
      coldstart: async (argv, options = {}) => {
        let watch: ReturnType<typeof watchSpent> | undefined;
        let group = 0;
        const done = await start(
          [...node.flags, installed.bin],
          argv,
          { cwd: repository, env: { ...env, ...node.env }, ...options },
          (pid) => {
            watch = watchSpent(pid);
            held.hold((group = pid));
            options.started?.(pid);
          },
        );
        held.drop(group);
        printed += done.stdout + done.stderr;
        return { ...done, spent: watch?.end() ?? [] };
      },
      printed: () => printed,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** A whole way takes as long as the machine needs; with other work on it that is more than minutes. */
const WITHIN = 60 * 60_000;

const start = (
  program: readonly string[],
  argv: readonly string[],
  { cwd, env, deadline = 600_000 }: { cwd: string; env: Record<string, string>; deadline?: number },
  started: (pid: number) => void,
): Promise<Finished> => run(process.execPath, [...program, ...argv], { cwd, env, deadline, started, leashed: true });

/** Every address at which an API server may be asked for. */
const addressesOf = ({ facts, at }: Ground): string[] => {
  const { vip } = facts['talos/cluster'] as { vip: string };
  return [vip, ...(facts['talos/nodes'] as { name: string }[]).map(({ name }) => at(name))];
};
