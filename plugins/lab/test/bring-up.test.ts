import { describe, expect, test } from 'vitest';
import { bringUp, open } from './example.ts';

describe('a plain operator brings six nodes up', () => {
  test('the world says what became of it', async () => {
    const lab = await open();
    await bringUp(lab.world);
    const { etcdClusters, findings } = lab.verdict();
    console.log(lab.elapsed(), findings, lab.assumed, lab.received().length);
    expect(etcdClusters).toBe(1);
  });
});
