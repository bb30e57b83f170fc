import { describe, expect, test } from 'vitest';
import { parseDisks, showDisk } from '../src/talosctl/disks.ts';
import { parseResources } from '../src/talosctl/documents.ts';
import { parseEtcdMembers } from '../src/talosctl/etcd-members.ts';
import { parseEtcdStatus } from '../src/talosctl/etcd-status.ts';
import { parseLinks } from '../src/talosctl/links.ts';
import { identityOf, differences, parseMachineConfig } from '../src/talosctl/machineconfig.ts';
import { parseMachineStatus } from '../src/talosctl/machinestatus.ts';
import { parseServices } from '../src/talosctl/services.ts';
import { parseTable } from '../src/talosctl/table.ts';
import { olderMinor, parseBootVersion, parseServerVersion, parseVersion } from '../src/talosctl/versions.ts';
import { recording, recordings, VERSIONS } from './recordings.ts';

describe.each(VERSIONS)('what %s prints', (version) => {
  test('machine status in maintenance', () => {
    expect(parseMachineStatus(recording(version, 'maint-get-machinestatus').stdout)).toEqual({
      stage: 'maintenance',
      ready: true,
      unmet: [],
    });
  });

  test('machine status while booting', () => {
    expect(parseMachineStatus(recording(version, 'secure-booting-get-machinestatus').stdout)).toMatchObject({
      stage: 'booting',
      ready: false,
    });
  });

  test('disks, with what a CD-ROM leaves out', () => {
    const disks = parseDisks(recording(version, 'maint-get-disks').stdout);
    expect(disks.map((disk) => [disk.devPath, disk.size, disk.transport, disk.cdrom])).toEqual([
      ['/dev/sda', 107374182400, 'virtio', false],
      ['/dev/sr0', 0, '', true],
    ]);
    expect(showDisk(disks[0]!)).toBe('/dev/sda 107 GB virtio SIM DISK serial S1');
  });

  test('the version that was booted', () => {
    expect(parseBootVersion(recording(version, 'maint-get-versions').stdout)).toMatch(/^v1\.1[23]\.\d+$/);
  });

  test('services before bootstrap', () => {
    const services = parseServices(recording(version, 'secure-services-before-bootstrap').stdout);
    expect(services.find((s) => s.name === 'etcd')).toMatchObject({
      state: 'Waiting',
      health: '?',
      event: 'Waiting for service "etcd" to be bootstrapped',
    });
    expect(services.find((s) => s.name === 'apid')).toMatchObject({
      node: '127.0.0.2',
      state: 'Running',
      health: 'OK',
    });
  });

  test('etcd members', () => {
    expect(parseEtcdMembers(recording(version, 'secure-etcd-members').stdout)).toEqual([
      { id: '112210f47de98115', hostname: 'sim-127.0.0.2', peerUrls: ['https://127.0.0.2:2380'], learner: false },
    ]);
  });

  test('etcd status, whose sizes hold spaces', () => {
    expect(parseEtcdStatus(recording(version, 'secure-etcd-status').stdout)).toEqual({
      member: '112210f47de98115',
      leader: '112210f47de98115',
      term: 2,
      index: 42,
      applied: 42,
      learner: false,
      dbSize: '2.5 MB',
      errors: '',
    });
  });

  test('the version of the server', () => {
    expect(parseServerVersion(recording(version, 'secure-version').stdout)).toMatchObject({ node: '127.0.0.2' });
  });

  test('no server version where only the client answered', () => {
    expect(parseServerVersion(recording(version, 'fault3-secure-call-to-maintenance-version').stdout)).toBeNull();
  });

  test('every JSON answer is a sequence of resources', () => {
    const json = recordings(version)
      .map((name) => recording(version, name))
      .filter((r) => / -o json(?:\s|$)/.test(r.argv) && r.exit === 0);
    expect(json.length).toBeGreaterThan(3);
    for (const { stdout } of json) expect(parseResources(stdout).length).toBeGreaterThan(0);
  });
});

describe('what older versions and odd answers hold', () => {
  test('etcd status without PROTOCOL, STORAGE and NODE (1.9, 1.10)', () => {
    const text =
      'MEMBER             DB SIZE   IN USE            LEADER             RAFT INDEX   RAFT TERM   RAFT APPLIED INDEX   LEARNER   ERRORS\n' +
      'a49c021e76e707db   17 MB     4.5 MB (26.10%)   ecebb05b59a776f1   53391        4           53391                true      NOSPACE\n';
    expect(parseEtcdStatus(text)).toMatchObject({
      leader: 'ecebb05b59a776f1',
      applied: 53391,
      learner: true,
      dbSize: '17 MB',
      errors: 'NOSPACE',
    });
  });

  test('a member without a leader', () => {
    const text = recording('talosctl-1.13', 'secure-etcd-status').stdout.replaceAll(
      /(%\)\s+)112210f47de98115/g,
      '$10000000000000000',
    );
    expect(parseEtcdStatus(text).leader).toBeNull();
  });

  test('two rows of status are refused: one node is asked at a time', () => {
    const { stdout } = recording('talosctl-1.13', 'secure-etcd-status');
    expect(() => parseEtcdStatus(stdout + stdout.split('\n')[1])).toThrow(SyntaxError);
  });

  test('a table without rows, and none at all', () => {
    expect(parseTable('NODE   ID   LEARNER\n')).toEqual([]);
    expect(parseTable('')).toEqual([]);
    expect(parseEtcdMembers('')).toEqual([]);
  });

  test.each([
    ['cut off', '{"metadata":{"id":"machine"},"spec":{'],
    ['not JSON', 'booting'],
    ['an array', '[{"metadata":{"id":"machine"},"spec":{}}]'],
    ['without a spec', '{"metadata":{"id":"machine"}}'],
    ['two statuses', '{"metadata":{"id":"a"},"spec":{"stage":"x"}}{"metadata":{"id":"b"},"spec":{"stage":"y"}}'],
    ['nothing', ''],
  ])('a machine status that is %s is refused', (_what, stdout) => {
    expect(() => parseMachineStatus(stdout)).toThrow(SyntaxError);
  });

  test('braces and quotes inside texts do not end a document', () => {
    const [resource] = parseResources('{"metadata":{"id":"a"},"spec":{"stage":"}{ \\" }"}}\n');
    expect(resource?.spec['stage']).toBe('}{ " }');
  });

  test('unmet conditions are told', () => {
    const text =
      '{"metadata":{"id":"machine"},"node":"","spec":{"stage":"booting","status":{"ready":false,"unmetConditions":[{"name":"services","reason":"etcd not healthy"}]}}}';
    expect(parseMachineStatus(text).unmet).toEqual([{ name: 'services', reason: 'etcd not healthy' }]);
  });

  test('links: state, MTU, bond membership, further names', () => {
    const link = (id: string, spec: object): string => JSON.stringify({ metadata: { id }, node: '', spec });
    const text = `${link('enp1s0f0', { operationalState: 'up', linkState: true, mtu: 9000, kind: '', slaveKind: 'bond', altNames: ['enx001122334455'], hardwareAddr: '02:00:5E:10:00:01' })}
${link('bond0', { operationalState: 'down', linkState: true, mtu: 1500, kind: 'bond' })}`;
    expect(parseLinks(text)).toEqual([
      {
        name: 'enp1s0f0',
        aliases: ['enx001122334455'],
        up: true,
        mac: '02:00:5e:10:00:01',
        mtu: 9000,
        kind: '',
        memberOf: 'bond',
      },
      { name: 'bond0', aliases: [], up: false, mac: null, mtu: 1500, kind: 'bond', memberOf: '' },
    ]);
  });

  test('versions compare by minor release', () => {
    const older = (a: string, b: string): boolean => olderMinor(parseVersion(a)!, parseVersion(b)!);
    expect(older('v1.12.11', 'v1.13.0')).toBe(true);
    expect(older('v1.13.0', 'v1.13.4')).toBe(false);
    expect(older('v2.0.0', 'v1.13.4')).toBe(false);
    expect(parseVersion('v1.13')).toBeNull();
    expect(parseVersion('v1.14.0-beta.1')).toEqual({ major: 1, minor: 14, patch: 0 });
  });
});

describe('machine configs', () => {
  const one = 'version: v1alpha1\nmachine:\n  type: worker\n  network: {hostname: infra-04}\n';

  test('order of keys, comments and documents do not count', () => {
    const a = parseMachineConfig(
      `${one}---\nkind: LinkConfig\nname: eth0\nmtu: 9000\n---\nkind: LinkConfig\nname: eth1\n`,
    );
    const b = parseMachineConfig(
      `# note\nmachine:\n  network:\n    hostname: infra-04\n  type: worker\nversion: v1alpha1\n---\nname: eth1\nkind: LinkConfig\n---\nname: eth0\nmtu: 9000\nkind: LinkConfig\n`,
    );
    expect(differences(a, b)).toEqual([]);
  });

  test('differences are told as paths, never as values', () => {
    const a = parseMachineConfig(`${one}  token: aaaaaa.secret\n  files: [{path: /a}]\n`);
    const b = parseMachineConfig(`${one}  token: bbbbbb.secret\n  files: [{path: /b}]\n`);
    expect(differences(a, b)).toEqual(['machine.token', 'machine.files[0].path']);
  });

  test('at most so many are told', () => {
    const many = (v: number): string => Array.from({ length: 20 }, (_, i) => `k${i}: ${v}`).join('\n');
    expect(differences(parseMachineConfig(many(1)), parseMachineConfig(many(2)), 3)).toHaveLength(3);
  });

  test('a hostname in a document of its own (1.12 and later)', () => {
    expect(
      identityOf(
        parseMachineConfig(
          'machine: {type: controlplane}\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: infra-01\n',
        ),
      ),
    ).toEqual({
      hostname: 'infra-01',
      type: 'controlplane',
    });
  });

  test.each([['a: 1\na: 2\n'], ['a: !custom 1\n'], ['a: [1\n']])(
    '%j is no machine config, and the error does not quote it',
    (text) => {
      expect(() => parseMachineConfig(text)).toThrow(/^not a machine config \([A-Z_]+\)$/);
    },
  );
});
