import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ground } from './fixture.ts';
import type { Ground } from './fixture.ts';
import type { Wire } from './open.ts';
import { readRecording, recorded } from './recorded.ts';
import type { Scene } from './recorded.ts';
import { configOf, talosconfig } from './repository.ts';

const files: Readonly<Record<string, string>> = { 'controlplane.yaml': configOf('infra-01'), talosconfig };

/** A text with each side's own names, ids and moments taken out. */
const plainWith = (run: Ground, text: string): string => {
  let found = text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME');
  for (const [address, name] of Object.entries(recorded))
    found = found
      .replaceAll(`sim-${address.replaceAll('.', '-')}`, name)
      .replaceAll(`sim-${address}`, name)
      .replaceAll(new RegExp(`\\b${(run.at(name) || 'none').replaceAll('.', '\\.')}\\b`, 'g'), address);
  return (
    found
      .replaceAll(/\b[0-9a-f]{15,16}\b/g, 'ID')
      .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID')
      // What a tracker sees on a node's way down and up depends on when it looks.
      .replaceAll(/^".*": (unavailable, retrying\.\.\.|stage: BOOTING .*)\n/gm, '')
      .replaceAll(/\d+m\d+s ago/g, 'AGE')
      // Raft's index grows with time: ID, index, term, applied index.
      .replaceAll(/(?<=ID +)\d+( +2 +)\d+(?= +(true|false))/g, 'INDEX$1INDEX')
      .replaceAll(/(read|write) tcp [\d.]+:\d+->/g, '$1 tcp LOCAL->')
      .replaceAll(/^spec: ".*"$/gm, 'spec: CONFIG')
      .replaceAll(/("hostname"|HOSTNAME) *: *"[^"]*"/g, '$1: NAME')
      .replaceAll(/(?<=\S) {2,}/g, ' ')
      .replaceAll(/ +$/gm, '')
      .trimEnd()
  );
};

/**
 * Tests that a talosctl says to nodes on the wire what the same version said to the recorder's nodes: exit code, stdout and
 * stderr, apart from addresses, names, ids, moments and the width of columns. `folder` is that of the version's recordings.
 */
export const replay = (binary: string, folder: string, scenes: Readonly<Record<string, Scene>>): void => {
  let run: Ground;
  beforeAll(async () => {
    run = await ground(binary);
  });
  afterAll(() => run?.release());
  const here = (word: string): string =>
    files[word] ?? word.replaceAll(/127\.0\.0\.\d+/g, (address) => run.at(recorded[address] ?? address));

  describe.for(Object.entries(scenes))('%s', ([, scene]) => {
    let wire: Wire;
    beforeAll(async () => {
      wire = await run.open({}, scene.standing);
      if (scene.version !== undefined) for (const node of wire.lab.model.nodes.values()) node.version = scene.version;
      if (scene.fault) wire.faults.add(scene.fault);
      await wire.refresh();
    });
    afterAll(() => wire?.close());

    test.for(scene.recordings.map((name) => [name]))('%s', async ([name = '']) => {
      const was = readRecording(folder, name);
      const done = await run.talosctl(was.argv.map(here), { deadline: 60_000 });
      const plain = (text: string): string => plainWith(run, text);
      expect({ exit: done.exit, stdout: plain(done.stdout), stderr: plain(done.stderr) }).toEqual({
        exit: was.exit,
        stdout: plain(was.stdout),
        stderr: plain(was.stderr),
      });
    });
  });
};
