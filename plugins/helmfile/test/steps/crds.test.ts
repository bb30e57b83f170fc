import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { example, fakeReader, KUBECONFIG, lookWith, unnamed } from '../../../../packages/tools/test/fakes.ts';
import { CONTENT_ANNOTATION, crdsOf } from '../../src/crds/documents.ts';
import { COLUMNS, parseLiveCrds } from '../../src/crds/live.ts';
import { crds, onlyCrds } from '../../src/steps/crds.ts';
import { survey } from '../../src/survey/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const crd = (name: string, spec = 'group: example.com', metadata = ''): string =>
  `---\n# Source: chart/crds/${name}.yaml\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: ${name}\n${metadata}spec:\n  ${spec}\n  description: |-\n    two\n    ---inside\n`;
const other =
  '---\n# Source: chart/templates/x.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: "kind: CustomResourceDefinition"\n';
const rendered = bytes(
  `${other}${crd('a.example.com', 'group: example.com', '  annotations:\n    keep: "yes"\n')}${crd('b.example.com')}${other}`,
);

describe('rendered charts', () => {
  it('are filtered to CRDs, by name', () => {
    expect(crdsOf(rendered).map((c) => c.name)).toEqual(['a.example.com', 'b.example.com']);
  });
  it('keep their content, with the digest as one more annotation', () => {
    const [a] = crdsOf(rendered);
    const back = parse(a?.manifest ?? '');
    expect(back.metadata).toEqual({
      name: 'a.example.com',
      annotations: { keep: 'yes', [CONTENT_ANNOTATION]: a?.digest },
    });
    expect(back.spec).toEqual({ group: 'example.com', description: 'two\n---inside' });
    expect(Object.keys(back)).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
  });
  it('have a digest of the content, not of the comments or the place', () => {
    const moved = bytes(
      crd('a.example.com', 'group: example.com', '  annotations:\n    keep: "yes"\n').replace(
        '# Source: chart',
        '# Source: another',
      ),
    );
    expect(crdsOf(moved)[0]?.digest).toBe(crdsOf(rendered)[0]?.digest);
    expect(crdsOf(bytes(crd('a.example.com', 'group: example.org')))[0]?.digest).not.toBe(crdsOf(rendered)[0]?.digest);
  });
  it('may be JSON, and may have Windows line ends', () => {
    expect(
      crdsOf(bytes('{"kind":"CustomResourceDefinition","apiVersion":"x","metadata":{"name":"j.example.com"}}')).map(
        (c) => c.name,
      ),
    ).toEqual(['j.example.com']);
    expect(crdsOf(bytes(crd('w.example.com').replaceAll('\n', '\r\n'))).map((c) => c.name)).toEqual(['w.example.com']);
  });
  it('may hold the same CRD twice, but not two of one name', () => {
    expect(crdsOf(bytes(crd('a.example.com') + crd('a.example.com')))).toHaveLength(1);
    expect(() => crdsOf(bytes(crd('a.example.com') + crd('a.example.com', 'group: example.org')))).toThrow(
      /a\.example\.com is rendered twice/,
    );
  });
  it('are cut to those that are to be applied', () => {
    const out = new TextDecoder().decode(onlyCrds([rendered, bytes('["b.example.com"]')], undefined));
    expect(out).toContain('b.example.com');
    expect(out).not.toContain('a.example.com');
    expect(() => onlyCrds([rendered, bytes('["c.example.com"]')], undefined)).toThrow(/none of the CRDs/);
  });
});

const ESTABLISHED = '[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]';
const line = (name: string, content = '', conditions = ESTABLISHED, kustomization = ''): string =>
  `${name}\t${content}\t${kustomization}\t\t${conditions}\n`;
const digest = (index: number): string => crdsOf(rendered)[index]?.digest ?? '';

describe('what the cluster says', () => {
  it('is read line by line', () => {
    expect(parseLiveCrds(line('a.example.com', 'abc') + line('b.example.com', '', '', 'crds'))).toEqual([
      { name: 'a.example.com', content: 'abc', owner: undefined, established: true, accepted: true, why: '' },
      { name: 'b.example.com', content: '', owner: 'Kustomization crds', established: false, accepted: true, why: '' },
    ]);
    expect(parseLiveCrds('')).toEqual([]);
  });
  it.each([['NAME CREATED AT\n'], ['a\tb\n'], ['a.example.com\t\t\t\t[{"type":\n']])('is not taken from %j', (text) => {
    expect(parseLiveCrds(text)).toBeUndefined();
  });
});

const facts = async () => ({
  'kubernetes/kubeconfig': KUBECONFIG,
  ...(await survey.run({ cluster: 'infra', files: example(), config: {}, facts: {} })).facts,
  'talos/cluster': { kubernetesVersion: 'v1.36.3' },
});
const observe = async (stdout: string, artefacts: Record<string, Uint8Array> = { rendered }) => {
  const world = fakeReader({ customresourcedefinitions: { stdout } });
  const seen = await crds.observe(lookWith(world, await facts(), undefined, { artefacts }));
  expect(unnamed(world.asked)).toEqual([]);
  expect(world.asked[0]?.argv).toContain(`jsonpath=${COLUMNS}`);
  return seen;
};

describe('helmfile/crds', () => {
  it('renders before, for the version of the cluster, and applies by reference', async () => {
    const at = { key: 'cluster', item: undefined, facts: await facts() };
    if (crds.kind !== 'change') throw new Error('it changes something');
    const [prepare] = crds.prepare?.(at) ?? [];
    expect(prepare).toMatchObject({ tool: 'helmfile', as: 'rendered' });
    expect(prepare?.argv.join(' ')).toBe(
      '--file bootstrap/infra/helmfile.d/00-crds.yaml --kubeconfig ../../../kubernetes/kubeconfig --kube-context infra template --include-crds --skip-tests --kube-version 1.36.3',
    );
    const [action, ...rest] = crds.plan(at);
    expect(rest).toEqual([]);
    expect(action).toMatchObject({
      do: 'exec',
      tool: 'kubectl',
      risk: 'change',
      guard: ['helmfile/cluster'],
      stdin: { fn: 'helmfile/only-crds' },
    });
    expect(unnamed([action as never, prepare as never])).toEqual([]);
  });

  it('is needed where one is missing, and names it', async () => {
    expect(await observe(line('a.example.com', digest(0)))).toMatchObject({
      state: 'needed',
      facts: { 'crds-to-apply': ['b.example.com'] },
      cause: 'to apply: b.example.com',
    });
  });
  it('is needed where the content is another', async () => {
    expect(await observe(line('a.example.com', 'old') + line('b.example.com', digest(1)))).toMatchObject({
      state: 'needed',
      facts: { 'crds-to-apply': ['a.example.com'] },
    });
  });
  it('is done where all are there and established, without any journal', async () => {
    expect(
      await observe(line('a.example.com', digest(0)) + line('b.example.com', digest(1)) + line('else.example.com')),
    ).toMatchObject({ state: 'done', facts: { 'helmfile/crds': { names: ['a.example.com', 'b.example.com'] } } });
  });
  it('leaves what Flux owns, whatever its content', async () => {
    const seen = await observe(line('a.example.com', 'other', ESTABLISHED, 'crds') + line('b.example.com', digest(1)));
    expect(seen.state).toBe('done');
    expect(seen.signals[0]?.observed).toBe('established, owned by Kustomization crds');
  });
  it('waits for one that is not established, and names it with its reason', async () => {
    const waiting =
      '[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"False","reason":"Installing","message":"the initial names have been accepted"}]';
    const seen = await observe(line('a.example.com', digest(0)) + line('b.example.com', digest(1), waiting));
    expect(seen).toMatchObject({
      state: 'converging',
      cause: 'not established: b.example.com (Installing: the initial names have been accepted)',
    });
    expect(seen.remedy).toContain('kubectl describe crd b.example.com');
    expect(crds.settle?.(await facts())).toEqual({ every: 2000, within: 120_000, stableFor: 0 });
  });
  it('is blocked by a conflict of names', async () => {
    const conflict =
      '[{"type":"NamesAccepted","status":"False","reason":"MultipleNamesConflict","message":"plural is taken"}]';
    expect(await observe(line('a.example.com', digest(0)) + line('b.example.com', digest(1), conflict))).toMatchObject({
      state: 'blocked',
      cause: expect.stringContaining('b.example.com (MultipleNamesConflict: plural is taken)'),
    });
  });
  it('is blocked where the charts render no CRD', async () => {
    expect(await observe('', { rendered: bytes(other) })).toMatchObject({
      state: 'blocked',
      cause: expect.stringContaining('render no CRD'),
    });
  });
  it('tells from a mere look what it applied, and that it was not compared', async () => {
    expect(await observe(line('a.example.com', 'abc') + line('z.example.com'), {})).toMatchObject({
      state: 'done',
      facts: { 'helmfile/crds': { names: ['a.example.com'] } },
      deviations: [expect.stringContaining('not rendered anew')],
    });
    expect(await observe(line('z.example.com'), {})).toMatchObject({ state: 'needed' });
  });
  it('knows nothing where kubectl told nothing', async () => {
    expect(await observe('NAME\n')).toMatchObject({ state: 'unknown' });
    const world = fakeReader({
      customresourcedefinitions: { exit: 1, stderr: 'The connection to the server 192.0.2.10:6443 was refused' },
    });
    expect(await crds.observe(lookWith(world, await facts(), undefined, { artefacts: { rendered } }))).toMatchObject({
      state: 'unknown',
      cause: expect.stringContaining('refused'),
    });
  });
  it('is done at once without a CRD helmfile', async () => {
    const none = { ...(await facts()), 'helmfile/files': { crds: null, apps: null, secrets: null, namespaces: null } };
    expect(await crds.observe(lookWith(fakeReader({}), none, undefined))).toMatchObject({ state: 'done' });
    expect(crds.kind === 'change' && crds.plan({ key: 'cluster', item: undefined, facts: none })).toEqual([]);
  });
});

it('reads rendered charts of several megabytes, which a whole parse would take seconds for', () => {
  const schema = `  note: ${'y'.repeat(110)}\n`;
  const big = bytes(
    Array.from(
      { length: 40 },
      (_, i) =>
        `${crd(`c${i}.example.com`)}${Array.from({ length: 900 }, (_, n) => schema.replace('note', `n${n}`)).join('')}`,
    ).join(''),
  );
  expect(big.length).toBeGreaterThan(4_000_000);
  expect(crdsOf(big)).toHaveLength(40);
}, 2000);
