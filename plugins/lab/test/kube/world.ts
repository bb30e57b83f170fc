import { Buffer } from 'node:buffer';
import { posix } from 'node:path';
import { VirtualClock } from '../../src/clock/clock.ts';
import { seeded } from '../../src/clock/random.ts';
import type { ControlPlane } from '../../src/kubernetes/control-plane.ts';
import { kubernetes } from '../../src/kubernetes/index.ts';
import type { Answering, ApiAnswering, Faults, Model } from '../../src/model.ts';
import { tools } from '../../src/tools/index.ts';
import { Interrupted, LabBug, type ToolCall } from '../../src/tools/tool.ts';

export const CA = '-----BEGIN CERTIFICATE-----\nbGFiIGNh\n-----END CERTIFICATE-----\n';
export const SERVER = 'https://127.0.0.1:16443';

/** A kubeconfig whose current-context leads elsewhere, as an operator's may. */
export const kubeconfig = (server = SERVER, ca = CA): string => `apiVersion: v1
kind: Config
clusters:
  - name: infra
    cluster: {server: "${server}", certificate-authority-data: ${Buffer.from(ca).toString('base64')}}
  - name: other
    cluster: {server: "https://203.0.113.9:6443"}
contexts:
  - name: infra
    context: {cluster: infra, user: admin}
  - name: other
    context: {cluster: other, user: admin}
users:
  - name: admin
    user: {token: x}
current-context: other
`;

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGKILL';
export type Told = { exit: number | null; stdout: string; stderr: string; changes: string[] };

/** A control plane without machines beneath it: what the simulated tools of Kubernetes need, and nothing else. */
export class KubeWorld {
  readonly clock = new VirtualClock();
  readonly files = new Map<string, string>([['/home/op/kube', kubeconfig()]]);
  readonly model: Model;
  readonly plane: ControlPlane;
  api: Exclude<ApiAnswering['how'], 'open'> | 'open' = 'open';
  strikes: Record<string, number>;

  constructor(
    options: {
      saved?: ReturnType<ControlPlane['save']>;
      faults?: Record<string, number>;
      facts?: Record<string, never>;
      kubernetesVersion?: string;
      seed?: number;
    } = {},
  ) {
    const random = seeded(options.seed ?? 1);
    this.strikes = options.faults ?? {};
    const faults: Faults = {
      strike: (name) => (this.strikes[name] ?? 0) > 0 && ((this.strikes[name] as number) -= 1) >= 0,
      pending: (name) => (this.strikes[name] ?? 0) > 0,
      asked: (name) => name in this.strikes,
    } as Faults;
    const dial = (host: string, port: number): Answering =>
      host === '127.0.0.1' && port === 16443
        ? this.api
        : host.startsWith('127.') || host === 'localhost'
          ? 'refused'
          : 'timeout';
    this.model = {
      clock: this.clock,
      events: this.clock,
      random,
      durations: { draw: () => 0, peek: () => 0 },
      expected: {
        cluster: 'infra',
        endpoint: null,
        vip: null,
        caFingerprint: null,
        talosVersion: null,
        kubernetesVersion: options.kubernetesVersion ?? null,
        nodes: [],
        facts: options.facts ?? {},
      },
      nodes: new Map(),
      etcd: new Map(),
      apis: new Map(),
      apiOf: () => this.plane,
      files: {
        read: (path: string) => (this.files.has(path) ? new TextEncoder().encode(this.files.get(path)) : undefined),
        list: (folder: string) =>
          [...this.files.keys()]
            .filter((path) => path.startsWith(`${folder}/`))
            .map((path) => path.slice(folder.length + 1))
            .toSorted(),
        write: () => false,
      },
      faults,
      received: [],
      remotes: new Map(),
      pulled: new Set(),
      assumed: new Set(),
      findings: new Set(),
      root: '/repo',
      dial,
      apiAt: (host: string, port: number): ApiAnswering => {
        const how = dial(host, port);
        return how === 'open' ? { how, api: this.plane, node: 'infra-01', ca: CA } : { how };
      },
    } as unknown as Model;
    this.plane = kubernetes(this.model, 'etcd-1', options.saved ?? null) as ControlPlane;
  }

  /** Registers nodes `infra-01`… with a CNI of Talos' own unless told `none`. */
  nodes(many: number, cni = 'flannel', role: 'controlplane' | 'worker' = 'worker'): this {
    for (let index = 1; index <= many; index += 1)
      this.plane.register({
        name: `infra-0${index}`,
        address: `192.0.2.1${index}`,
        role,
        kubeletVersion: 'v1.36.3',
        talosVersion: 'v1.13.0',
        cni,
      });
    return this;
  }

  /** Lets the world's time pass. */
  async pass(ms: number): Promise<void> {
    await this.clock.call('pass', () => this.clock.sleep(ms), new AbortController().signal);
  }

  /** Runs a tool as the world would. With `killAfter` it gets `signal` (SIGKILL unless told) at that time. */
  async run(
    tool: string,
    argv: string[],
    at: {
      stdin?: string;
      probe?: boolean;
      cwd?: string;
      env?: Record<string, string>;
      killAfter?: number;
      signal?: Signal;
    } = {},
  ): Promise<Told> {
    const found = tools.find((each) => each.name === tool);
    if (found === undefined) throw new Error(`no tool ${tool}`);
    const cwd = at.cwd ?? '/repo';
    const changes: string[] = [];
    const signal = at.signal ?? 'SIGKILL';
    let end = at.killAfter === undefined ? Infinity : this.clock.now + at.killAfter;
    const path = (given: string): string => posix.normalize(posix.isAbsolute(given) ? given : posix.join(cwd, given));
    const stdin = at.stdin === undefined ? null : new TextEncoder().encode(at.stdin);
    const call: ToolCall = {
      argv,
      cwd,
      env: { HOME: '/home/op', ...at.env },
      stdin,
      change: {
        made: (what) => {
          if (at.probe === true) throw new LabBug(`a probe changed ${what}`);
          if (signal === 'SIGKILL' && this.clock.now >= end) throw new Interrupted(signal);
          changes.push(what);
        },
      },
      read: (file) =>
        file === '-' || file === '/dev/stdin' ? (stdin ?? new Uint8Array()) : this.model.files.read(path(file)),
      path,
      spend: async (ms) => {
        if (this.clock.now + ms >= end) {
          await this.clock.sleep(Math.max(0, end - this.clock.now));
          // A signal is delivered once.
          if (signal !== 'SIGKILL') end = Infinity;
          throw new Interrupted(signal);
        }
        await this.clock.sleep(ms);
      },
      target: () => {},
    };
    const work = async (): Promise<Told> => {
      try {
        const result = await found.run(this.model, call);
        return {
          exit: result.exit,
          stdout: typeof result.stdout === 'string' ? result.stdout : new TextDecoder().decode(result.stdout),
          stderr: result.stderr,
          changes,
        };
      } catch (error) {
        if (error instanceof Interrupted) return { exit: null, stdout: '', stderr: '', changes };
        throw error;
      }
    };
    return this.clock.call(tool, work, new AbortController().signal);
  }

  kubectl(...argv: string[]): Promise<Told> {
    return this.run('kubectl', ['--kubeconfig', '/home/op/kube', '--context', 'infra', ...argv]);
  }

  /** Applies a manifest server-side as `manager`. */
  apply(stdin: string, ...argv: string[]): Promise<Told> {
    return this.run(
      'kubectl',
      ['--kubeconfig', '/home/op/kube', '--context', 'infra', 'apply', '--server-side', '-f', '-', ...argv],
      { stdin },
    );
  }
}
