import { helmfilePlugin } from '../contribution.ts';

/** The hook `coldstart:contribute`. */
export default function contribute(): typeof helmfilePlugin {
  return helmfilePlugin;
}
