import { contribution, type Contribution } from '@coldstart/contract';
import { kubectl } from '@coldstart/tools';
import { section } from './config.ts';
import { status } from './steps/status.ts';
import { survey } from './survey/index.ts';
import { cilium } from './tool.ts';

/** What this plugin brings. */
export const ciliumPlugin: Contribution = contribution({
  plugin: '@coldstart/plugin-cilium',
  config: section,
  surveys: [survey],
  steps: [status],
  tools: [cilium, kubectl],
});
