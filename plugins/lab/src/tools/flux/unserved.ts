import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import { findType } from '../../kubernetes/kinds.ts';
import { failed } from '../common/result.ts';
import type { ToolResult } from '../tool.ts';

/** flux' words where the API server does not serve a kind of Flux at all, by its definition; undefined where it does. */
export function unserved(plane: ControlPlane, definition: string): ToolResult | undefined {
  if (findType(plane.types(), definition) !== undefined) return undefined;
  const group = definition.slice(definition.indexOf('.') + 1);
  const served = `${group}/${group.startsWith('helm.') ? 'v2' : 'v1'}`;
  return failed(
    `✗ unable to retrieve the complete list of server APIs: ${served}: no matches for ${served}, Resource=`,
  );
}
