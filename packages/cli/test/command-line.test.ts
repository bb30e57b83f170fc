import { describe, expect, test } from 'vitest';
import { coldstart, EXAMPLE, install } from './support/run.ts';

const at = ['--root', EXAMPLE];

describe('what is wrong on the command line is exit 2, with what to do', () => {
  test.each([
    [
      'unknown command',
      ['cluster', 'craete', 'infra'],
      /unknown command "cluster craete infra"\n {2}do: did you mean "coldstart cluster create"/,
    ],
    ['nothing like a command', ['frobnicate'], /unknown command "frobnicate"/],
    ['unknown flag', ['cluster', 'plan', 'infra', '--nope', ...at], /Nonexistent flag: --nope/],
    ['too many arguments', ['cluster', 'create', 'infra', 'apps', ...at], /Unexpected argument: apps/],
    ['a flag without the one it needs', ['cluster', 'create', 'infra', '--seed', '1', ...at], /--seed: --rehearse/],
    ['no cluster', ['cluster', 'plan', ...at], /no cluster is named\n {2}do: the clusters here are apps, infra/],
    [
      'unknown cluster',
      ['cluster', 'plan', 'nope', ...at],
      /there is no cluster "nope"\n {2}do: the clusters here are apps, infra/,
    ],
    ['a cluster that climbs', ['cluster', 'plan', '../infra', ...at], /"..\/infra" is not a cluster's name/],
    ['a cluster like a flag', ['cluster', 'plan', ...at, '--', '-rf'], /"-rf" is not a cluster's name/],
    ['a cluster with a newline', ['cluster', 'plan', 'in\nfra', ...at], /is not a cluster's name/],
    [
      'unknown phase',
      ['cluster', 'plan', 'infra', '--only', 'crd', ...at],
      /there is no phase "crd"\n {2}do: the phases are talos \(-1\), prereqs \(0\)/,
    ],
    [
      'phases the wrong way round',
      ['cluster', 'plan', 'infra', '--from', '3', '--to', 'prereqs', ...at],
      /phase validation comes after phase prereqs/,
    ],
    [
      '--only beside --from',
      ['cluster', 'plan', 'infra', '--only', 'crds', '--from', '0', ...at],
      /--only cannot stand beside/,
    ],
    ['unknown phase of bootstrap', ['bootstrap', 'phase', 'nine', 'infra', ...at], /there is no phase "nine"/],
    [
      'a takeover of another cluster',
      ['cluster', 'create', 'infra', '--takeover', 'apps', ...at],
      /--takeover asks for the cluster's name/,
    ],
    [
      'a pace that is none',
      ['cluster', 'create', 'infra', '--rehearse', '--pace', 'fast', ...at],
      /"fast" is not a pace/,
    ],
    [
      'a fault that is none',
      ['cluster', 'create', 'infra', '--rehearse', '--fault', 'gremlins', ...at],
      /there is no fault "gremlins"/,
    ],
    ['a root that is not there', ['cluster', 'plan', 'infra', '--root', '/nowhere'], /\/nowhere is not there/],
    [
      'a configuration that is not there',
      ['cluster', 'plan', 'infra', '--config', 'nope.yaml', ...at],
      /there is no configuration file nope.yaml/,
    ],
    ['a context like a flag', ['cluster', 'plan', 'infra', '--offline', '--context=--help', ...at], /begins with "-"/],
    ['evidence that is not there', ['verify', 'evidence', '/nowhere'], /there is no evidence in \/nowhere/],
    [
      'a node that is not there',
      ['talos', 'apply', 'infra', '--node', 'infra-09', ...at],
      /there is no "infra-09" here\n {2}do: there are infra-01/,
    ],
  ])('%s', async (_, args, said) => {
    const { exit, stdout, stderr } = await coldstart(args);
    expect(stderr).toMatch(said);
    expect(stdout).toBe('');
    expect(exit).toBe(2);
  });

  test("under --json the error is a document on stdout, without oclif's own marks", async () => {
    const { exit, stdout, stderr } = await coldstart(['cluster', 'plan', 'nope', '--json', ...at]);
    expect(exit).toBe(2);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      schema: 'coldstart.error/1',
      error: {
        kind: 'operator',
        exit: 2,
        message: 'there is no cluster "nope"',
        remedy: 'the clusters here are apps, infra',
        page: null,
      },
    });
  });
});

describe('environment', () => {
  test('CLUSTER names the cluster, an argument overrides it', async () => {
    const env = { CLUSTER: 'apps' };
    expect((await coldstart(['cluster', 'plan', '--offline', ...at], { env })).stdout).toMatch(/^plan: create apps,/);
    expect((await coldstart(['cluster', 'plan', 'infra', '--offline', ...at], { env })).stdout).toMatch(
      /^plan: create infra,/,
    );
  });

  test('DRY_RUN=true makes create print the plan and write nothing', async () => {
    const { exit, stdout } = await coldstart(['cluster', 'create', 'infra', '--offline', ...at], {
      env: { DRY_RUN: 'true' },
    });
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^plan: create infra/);
  });

  test('CONTEXT and KUBECONFIG name the context and the file; the flag is stronger', async () => {
    const env = { CONTEXT: 'from-env', KUBECONFIG: '/tmp/kube-from-env' };
    const fromEnv = await coldstart(['cluster', 'plan', 'infra', '--offline', ...at], { env });
    expect(fromEnv.stdout).toContain('--kubeconfig /tmp/kube-from-env --kube-context from-env');
    const fromFlag = await coldstart(['cluster', 'plan', 'infra', '--offline', '--context', 'from-flag', ...at], {
      env,
    });
    expect(fromFlag.stdout).toContain('--kube-context from-flag');
    expect(fromFlag.stdout).not.toContain('context from-env');
  });
});

describe('the bin', () => {
  const pretend = (version: string): string[] => [
    '--import',
    `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`,
  ];

  test.each(['20.20.2', '22.12.0'])('refuses Node %s by itself', async (version) => {
    const { exit, stderr, stdout } = await coldstart(['cluster', 'plan', 'infra'], { node: pretend(version) });
    expect(stderr).toContain(`coldstart needs Node 22.13 or later; this is Node ${version}`);
    expect(stdout).toBe('');
    expect(exit).toBe(2);
  });

  test('takes Node 22.13', async () => {
    expect((await coldstart(['cluster', '--help'], { node: pretend('22.13.0') })).exit).toBe(0);
  });

  test('says its version without loading anything', async () => {
    const { exit, stdout } = await coldstart(['--version']);
    expect(stdout).toMatch(/^coldstart\/\d+\.\d+\.\d+ \S+ node-v\d+/);
    expect(exit).toBe(0);
  });
});

describe('an operator installs only what they need', () => {
  test('with helmfile alone, phase crds can be planned', async () => {
    const bin = install(['plugin-helmfile', 'tools']);
    const { exit, stdout, stderr } = await coldstart(
      ['bootstrap', 'phase', 'crds', 'infra', '--dry-run', '--offline', ...at],
      { bin },
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/phase 1 crds: .*\n {2}helmfile\/crd-charts: .*\n(?: {4}.*\n)+ {2}helmfile\/crds: /);
    expect(exit).toBe(0);
  });

  test.each([
    [['talos', 'nodes', 'infra'], 'npm install @coldstart/plugin-talos'],
    [['verify', 'flux', 'infra'], 'npm install @coldstart/plugin-flux'],
    [['verify', 'handover', 'infra'], 'npm install @coldstart/plugin-flux'],
    [['verify', 'cilium', 'infra'], 'npm install @coldstart/plugin-cilium'],
    [['cluster', 'create', 'infra', '--parallel', '2'], 'npm install @coldstart/plugin-talos'],
    [['bootstrap', 'phase', 'crds', 'infra', '--rehearse'], 'npm install @coldstart/plugin-lab'],
    [['cluster', 'preflight', 'infra', '--rehearse'], 'npm install @coldstart/plugin-lab'],
  ])('%j without its plugin names the line that installs it', async (args, line) => {
    const bin = install(['plugin-helmfile', 'tools']);
    const root = args[0] === 'talos' || args[0] === 'verify' ? [] : at;
    const { exit, stderr } = await coldstart([...args, ...root], { bin });
    expect(stderr).toContain(`do: ${line}`);
    expect(exit).toBe(2);
  });
});
