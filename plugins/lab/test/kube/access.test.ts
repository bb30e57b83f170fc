import { describe, expect, test } from 'vitest';
import { LabBug } from '../../src/tools/tool.ts';
import { CA, KubeWorld, kubeconfig } from './world.ts';

const named: Record<string, string[]> = {
  kubectl: ['--kubeconfig', '/home/op/kube', '--context', 'infra', 'get', 'nodes', '-o', 'json'],
  helm: ['--kubeconfig', '/home/op/kube', '--kube-context', 'infra', 'list', '-A', '-o', 'json'],
  flux: ['--kubeconfig', '/home/op/kube', '--context', 'infra', 'check', '--pre'],
  cilium: ['--kubeconfig', '/home/op/kube', '--context', 'infra', 'status', '-o', 'json'],
};
const tools = Object.keys(named);

describe('which cluster a tool goes to', () => {
  test.each(tools)('%s with kubeconfig and context leaves no finding', async (tool) => {
    const world = new KubeWorld();
    expect((await world.run(tool, named[tool] as string[])).exit).toBe(0);
    expect([...world.model.findings]).toEqual([]);
  });

  test.each(tools)('%s without a context uses the current-context, and that is found out', async (tool) => {
    const world = new KubeWorld();
    const argv = (named[tool] as string[]).filter((arg) => !['--context', '--kube-context', 'infra'].includes(arg));
    expect((await world.run(tool, argv)).exit).toBe(1);
    expect([...world.model.findings]).toEqual([
      `${tool} was called without a context and used the current-context other`,
    ]);
  });

  test.each(tools)("%s without a kubeconfig uses the environment's, and that is found out", async (tool) => {
    const world = new KubeWorld();
    const argv = (named[tool] as string[]).filter((arg) => !['--kubeconfig', '/home/op/kube'].includes(arg));
    expect((await world.run(tool, argv, { env: { KUBECONFIG: '/home/op/kube' } })).exit).toBe(0);
    expect([...world.model.findings]).toEqual([`${tool} was called without a kubeconfig and used /home/op/kube`]);
  });

  test.each(tools)('%s with an unknown context fails', async (tool) => {
    const told = await new KubeWorld().run(
      tool,
      (named[tool] as string[]).map((arg) => (arg === 'infra' ? 'nope' : arg)),
    );
    expect(told.exit).toBe(1);
    expect(told.stderr).toMatch(/context was not found for specified context: nope|context "nope" does not exist/);
  });

  test.each(
    tools.flatMap((tool) => (['refused', 'timeout', 'unreachable'] as const).map((how) => [tool, how] as const)),
  )('%s, API server %s', async (tool, how) => {
    const world = new KubeWorld();
    world.api = how;
    const told = await world.run(tool, named[tool] as string[]);
    expect(told.exit).toBe(1);
    expect(told.stderr).toMatch(
      { refused: /connection refused|was refused/, timeout: /i\/o timeout/, unreachable: /no route to host/ }[how],
    );
    expect(world.clock.now >= 30_000).toBe(how === 'timeout');
  });

  test.each(tools)("%s does not trust another cluster's certificate", async (tool) => {
    const world = new KubeWorld();
    world.files.set('/home/op/kube', kubeconfig(undefined, CA.replace('bGFi', 'b3Ro')));
    const told = await world.run(tool, named[tool] as string[]);
    expect(told.exit).toBe(1);
    expect(told.stderr).toContain('x509: certificate signed by unknown authority');
  });

  test('a kubeconfig that is not there', async () => {
    const told = await new KubeWorld().run('kubectl', [
      '--kubeconfig',
      '/home/op/nothere',
      '--context',
      'infra',
      'get',
      'nodes',
    ]);
    expect(told).toMatchObject({ exit: 1, stderr: 'error: stat /home/op/nothere: no such file or directory\n' });
  });

  test.each([
    ['kubectl', ['--kubeconfig', '/home/op/kube', '--context', 'infra', 'drain', 'x']],
    ['kubectl', ['--kubeconfig', '/home/op/kube', '--context', 'infra', 'get', 'ns']],
    ['helm', ['template', 'x']],
    ['helmfile', ['apply']],
    ['flux', ['--kubeconfig', '/home/op/kube', '--context', 'infra', 'bootstrap', 'github']],
    ['cilium', ['install']],
    ['git', ['commit']],
    ['op', ['item', 'create']],
    ['sops', ['-e', 'x']],
    ['kustomize', ['edit']],
    ['kubeconform', ['-unknown']],
  ])('%s %j is not simulated, and that is a bug of ours', async (tool, argv) => {
    await expect(new KubeWorld().run(tool, argv)).rejects.toThrow(LabBug);
  });
});
