import { talosctl } from './talosctl/index.ts';
import type { SimulatedTool } from './tool.ts';

/** Every simulated tool, one line each. */
export const tools: readonly SimulatedTool[] = [
  talosctl,
];
