import { ciliumPlugin } from '../contribution.ts';

/** The hook `coldstart:contribute`. */
export default function contribute(): typeof ciliumPlugin {
  return ciliumPlugin;
}
