import { describe, expect, it } from 'vitest';
import { asList, fakeReader, lookWith, unnamed, type Answers } from '../../../../packages/tools/test/fakes.ts';
import { recording } from '../../../../packages/tools/test/recording.ts';
import { parseCheck } from '../../src/flux/check.ts';
import { check } from '../../src/steps/check.ts';
import { facts, deployment, CONTROLLERS } from './common.ts';

describe('flux/check', () => {
  const look = async (said: Answers[string], deployments = CONTROLLERS.map((c) => deployment(c))) => {
    const world = fakeReader({ 'flux --kubeconfig': said, 'get deployments': { stdout: asList(deployments) } });
    const seen = await check.observe(lookWith(world, facts, undefined));
    expect(unnamed(world.asked)).toEqual([]);
    return seen;
  };
  it('reads the recorded check', () => {
    const lines = parseCheck(recording('flux/check').stderr);
    expect(lines).toHaveLength(16);
    expect(lines.every((l) => l.ok)).toBe(true);
    expect(parseCheck(recording('flux/refused').stderr).filter((l) => !l.ok)[0]?.text).toMatch(
      /^Kubernetes API call failed/,
    );
  });
  it('is done when it passes and all four controllers are Ready', async () => {
    expect(await look({ stderr: recording('flux/check').stderr })).toMatchObject({ state: 'done' });
  });
  it('names a controller that is not Ready, though flux says so not', async () => {
    expect(
      await look(
        { stderr: recording('flux/check').stderr },
        CONTROLLERS.map((c) => deployment(c, c === 'helm-controller' ? 0 : 1)),
      ),
    ).toMatchObject({ state: 'converging', cause: 'helm-controller: 0 of 1 available' });
  });
  it('names one that is missing', async () => {
    expect((await look({ stderr: recording('flux/check').stderr }, [])).cause).toContain('source-controller: missing');
  });
  it('tells what failed', async () => {
    expect((await look({ exit: 1, stderr: recording('flux/refused').stderr })).cause).toContain(
      'Kubernetes API call failed',
    );
  });
  it('knows nothing where flux told nothing', async () => {
    expect((await look({ exit: null, how: 'deadline' })).state).toBe('unknown');
  });
});
