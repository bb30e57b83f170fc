import type { Ms, Procedure } from '@coldstart/contract';

const talos = '@coldstart/plugin-talos';
const helmfile = '@coldstart/plugin-helmfile';
const flux = '@coldstart/plugin-flux';
const cilium = '@coldstart/plugin-cilium';

/** The whole bring-up, in order. A step that a further plugin brings takes its place at the end of its phase. */
export const create: Procedure = {
  id: 'create',
  phases: [
    {
      id: 'talos',
      number: -1,
      title: 'Talos: machine configs, etcd, kubeconfig, API',
      steps: [
        { id: 'talos/tools', from: talos },
        { id: 'talos/nodes-ready', from: talos },
        { id: 'talos/configs-valid', from: talos },
        { id: 'talos/apply-controlplanes', from: talos },
        { id: 'talos/bootstrap', from: talos },
        { id: 'talos/etcd', from: talos },
        { id: 'talos/kubeconfig', from: talos },
        { id: 'talos/api-answers', from: talos },
        { id: 'talos/api', from: talos },
        { id: 'talos/apply-workers', from: talos },
        { id: 'talos/registered', from: talos },
        { id: 'talos/vip', from: talos },
      ],
    },
    {
      id: 'prereqs',
      number: 0,
      title: 'Prerequisites: namespaces and secrets',
      steps: [
        { id: 'helmfile/tools', from: helmfile },
        { id: 'helmfile/namespaces', from: helmfile },
        { id: 'helmfile/secrets', from: helmfile },
      ],
    },
    {
      id: 'crds',
      number: 1,
      title: 'CRDs: established',
      steps: [
        { id: 'helmfile/crd-charts', from: helmfile },
        { id: 'helmfile/crds', from: helmfile },
      ],
    },
    {
      id: 'core',
      number: 2,
      title: 'Core: Cilium to Flux',
      steps: [
        { id: 'helmfile/charts', from: helmfile },
        { id: 'helmfile/releases', from: helmfile },
        { id: 'flux/tools', from: flux },
        { id: 'flux/remote-head', from: flux },
        { id: 'flux/deploy-key', from: flux },
        { id: 'flux/source', from: flux },
      ],
    },
    {
      id: 'validation',
      number: 3,
      title: 'Validation: handover to GitOps',
      steps: [
        { id: 'cilium/status', from: cilium, verify: true },
        { id: 'flux/check', from: flux, verify: true },
        { id: 'flux/reconciled', from: flux, verify: true },
        { id: 'flux/handover', from: flux, verify: true },
      ],
    },
  ],
};

const minutes = (n: number): Ms => n * 60_000;

/** The bound of a phase: a time, or one that grows with the nodes: `base + perNode × nodes ÷ width`. */
export type SloOfPhase = Ms | { base: Ms; perNode: Ms };

/** What a bring-up is held against where the configuration says nothing else; from the first change to the handover criteria. */
export const defaultSlo: { total: Ms; phases: Record<string, SloOfPhase> } = {
  total: minutes(20),
  // Seven minutes for six nodes, one after another.
  phases: { talos: { base: minutes(4), perNode: minutes(0.5) }, crds: minutes(2), core: minutes(6) },
};
