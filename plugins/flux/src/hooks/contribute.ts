import { fluxPlugin } from '../contribution.ts';

/** The hook `coldstart:contribute`. */
export default function contribute(): typeof fluxPlugin {
  return fluxPlugin;
}
