import type { Json } from '@coldstart/contract';
import { given as givenFlags } from '@coldstart/contract/command';
import { Flags } from '@oclif/core';

/** One or several nodes by name; all when it is not given. */
export const nodeFlag = {
  node: Flags.string({ description: 'only this node; may be repeated', multiple: true, multipleNonGreedy: true }),
};

/** Flags of `talos apply` that stand for values of the section `talos`. Unset ones leave the configuration as it is. */
export const applyFlags = {
  parallel: Flags.integer({
    description: 'how many apply calls at once (more than 2 hides which node is slow)',
    min: 1,
    max: 64,
  }),
  retries: Flags.integer({ description: 'how often a node is tried again', min: 0, max: 20 }),
  reapply: Flags.boolean({
    description: 'apply a changed config to nodes that are configured already, without a reboot',
  }),
  'accept-machine': Flags.string({
    description: 'give this node its config although its machine is not the recorded one (a deviation)',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'apply-deadline': Flags.string({ description: 'of one apply call, e.g. 2m' }),
  'verify-within': Flags.string({ description: 'until a node answers with its own certificate, e.g. 15m' }),
};

export const bootstrapFlags = {
  'bootstrap-node': Flags.string({ description: 'the only control plane to bootstrap etcd on' }),
  'assume-empty': Flags.string({
    description: 'take this control plane for empty although it was not seen so (a deviation)',
    multiple: true,
    multipleNonGreedy: true,
  }),
};

/** The flags for the host; nodes are items of the selection, and no flag of it. */
export const given = (flags: Readonly<Record<string, unknown>>): Record<string, Json> => givenFlags(flags, ['node']);
