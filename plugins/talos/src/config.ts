import { configSection, duration, group } from '@coldstart/contract/schema';
import { z } from 'zod';

const name = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,252}$/i, 'a node name');

const mac = z.string().regex(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i, 'a MAC address such as 02:00:5e:10:00:01');

/** What a machine is known by. */
const machine = z.strictObject({
  serial: z.string().min(1).optional().describe("the machine's serial number, as its firmware tells it"),
  uuid: z.guid().optional().describe("the machine's UUID, as its firmware tells it"),
  mac: z
    .union([mac, z.array(mac)])
    .optional()
    .transform((told) => (told === undefined ? [] : [told].flat()))
    .describe('address of a link, or several: all of them have to be there'),
  certFingerprint: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, 'a fingerprint as the console of a node in maintenance shows it')
    .optional()
    .describe('of the certificate that it shows in maintenance: new at each boot'),
});

/** The section `talos` of coldstart.yaml. What the repository tells needs no line here. */
export const TalosSection = z.strictObject({
  /** Folder that holds `talconfig.yaml`, where it is not found by itself. */
  folder: z.string().min(1).optional().describe('folder that holds talconfig.yaml'),
  talosconfig: z.string().min(1).optional().describe('talosconfig file (default: the one beside the rendered configs)'),
  context: z.string().min(1).optional().describe("context in the talosconfig (default: the cluster's name)"),
  bootstrapNode: name
    .optional()
    .describe('the only control plane that etcd is ever bootstrapped on (default: the first)'),
  nodes: z
    .record(name, z.string().min(1))
    .default({})
    .describe('address by node name, where the repository tells none or a wrong one'),
  machines: z
    .record(name, machine)
    .default({})
    .describe('what each machine is known by, so that no other one is given its config'),
  firstSight: z
    .enum(['accept', 'refuse'])
    .default('accept')
    .describe('a machine of which nothing is recorded: trusted when it is first seen (a deviation), or refused'),
  acceptMachines: z
    .array(name)
    .default([])
    .describe('nodes whose machine is accepted although it is not the recorded one; a deviation'),
  port: z.number().int().min(1).max(65_535).default(50_000).describe("port of Talos' API"),
  assumeEmpty: z
    .array(name)
    .default([])
    .describe('control planes taken for empty although nobody saw them so; a deviation'),
  allowMissingWorkers: z
    .number()
    .int()
    .nonnegative()
    .default(0)
    .describe('how many workers may be missing after phase -1; a deviation'),
  /** One look at a node is bounded by this; talosctl itself sets no deadline. */
  probe: group({ deadline: duration('30s').describe('of one read-only call') }),
  preflight: group({
    tries: z.number().int().min(1).max(20).default(3).describe('looks at a node that does not answer'),
    every: duration('3s').describe('between two looks'),
    dial: duration('5s').describe('of one connection attempt'),
  }),
  apply: group({
    parallel: z
      .number()
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('how many apply calls at once; installs go on side by side anyway'),
    retries: z.number().int().min(0).max(20).default(5),
    first: duration('3s').describe('before the first retry'),
    factor: z.number().min(1).max(10).default(2),
    max: duration('60s').describe('the longest pause between two tries'),
    jitter: z.number().min(0).max(1).default(0.2).describe('share by which a pause may be longer or shorter'),
    deadline: duration('2m').describe('of one apply call'),
    reapply: z.boolean().default(false).describe('apply a changed config to a configured node, without a reboot'),
  }),
  verify: group({
    every: duration('5s'),
    left: duration('60s').describe(
      'how long a node may stay in maintenance after it took a config; longer is a fall-back',
    ),
    within: duration('15m').describe(
      'until a node answers with its own certificate: image pull, install, reboot with self-test',
    ),
    stable: duration('5s').describe('how long it must stay so'),
  }),
  bootstrap: group({
    retries: z.number().int().min(0).max(60).default(10),
    first: duration('5s'),
    factor: z.number().min(1).max(10).default(1.5),
    max: duration('30s'),
    deadline: duration('60s').describe('of one bootstrap call'),
    readBack: duration('90s').describe(
      'how long etcd may take to show itself before the call is sent to the same node again',
    ),
    every: duration('5s'),
    within: duration('10m'),
  }),
  etcd: group({
    every: duration('5s'),
    within: duration('10m').describe('for all control planes to be voting members; a learner takes about 5 minutes'),
    lag: z
      .number()
      .int()
      .nonnegative()
      .default(1000)
      .describe('raft entries by which one member may be behind another'),
  }),
  kubeconfig: group({
    retries: z.number().int().min(0).max(60).default(10),
    deadline: duration('60s'),
    every: duration('5s'),
    within: duration('3m'),
  }),
  api: group({ every: duration('5s'), within: duration('10m') }),
  register: group({ every: duration('5s'), within: duration('10m').describe('for every expected node to register') }),
  vip: group({ every: duration('5s'), within: duration('2m').describe('for the virtual address to answer') }),
});
export type TalosPolicy = z.infer<typeof TalosSection>;

/** The section with all defaults. */
export const DEFAULTS: TalosPolicy = TalosSection.parse({});

export const talosConfig = configSection(
  'talos',
  TalosSection,
  {
    parallel: 'apply.parallel',
    retries: 'apply.retries',
    reapply: 'apply.reapply',
    'apply-deadline': 'apply.deadline',
    'verify-within': 'verify.within',
    'etcd-within': 'etcd.within',
    'bootstrap-node': 'bootstrapNode',
    'assume-empty': 'assumeEmpty',
    'accept-machine': 'acceptMachines',
    'allow-missing-workers': 'allowMissingWorkers',
    talosconfig: 'talosconfig',
    TALOSCONFIG: 'talosconfig',
  },
  ['assume-empty', 'accept-machine'],
);
