import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { ground } from './wire/fixture.ts';
import type { Ground } from './wire/fixture.ts';
import type { Wire } from './wire/open.ts';
import { readRecording, recorded, scenes } from './wire/recorded.ts';
import { configOf, talosconfig } from './wire/repository.ts';

/**
 * What the real talosctl said to the nodes of the recorder is what it says to the nodes on the wire: exit code, stdout and
 * stderr, apart from addresses, names, ids, moments and the width of columns.
 */
const { talosctl: built } = inject('toolchain');

let run: Ground;
beforeAll(async () => {
  run = await ground(built.path);
});
afterAll(() => run?.release());

const files: Readonly<Record<string, string>> = { 'controlplane.yaml': configOf('infra-01'), talosconfig };
const here = (word: string): string =>
  files[word] ?? word.replaceAll(/127\.0\.0\.\d+/g, (address) => run.at(recorded[address] ?? address));

/** A text with each side's own names, ids and moments taken out. */
const plain = (text: string): string => {
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

describe.for(Object.entries(scenes))('%s', ([, scene]) => {
  let wire: Wire;
  beforeAll(async () => {
    wire = await run.open({}, scene.standing);
    if (scene.version !== undefined)
      for (const name of Object.keys(scene.standing)) wire.node(name).version = scene.version;
    if (scene.fault) wire.faults.add(scene.fault);
    await wire.refresh();
  });
  afterAll(() => wire?.close());

  test.for(scene.recordings.map((name) => [name]))('%s', async ([name = '']) => {
    const was = readRecording(name);
    const done = await run.talosctl(was.argv.map(here), { deadline: 60_000 });
    expect({ exit: done.exit, stdout: plain(done.stdout), stderr: plain(done.stderr) }).toEqual({
      exit: was.exit,
      stdout: plain(was.stdout),
      stderr: plain(was.stderr),
    });
  });
});
