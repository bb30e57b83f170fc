import type { Model } from '../../model.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { connect, NoClient, reach } from './client.ts';
import type { Flags } from './flags.ts';
import { eachNode, failed, table } from './say.ts';
import { ago, servicesOf } from './services.ts';

/** `talosctl services`: the list, without a service's name. */
export async function services(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  if (flags.words.length > 0) notSimulated('talosctl', call.argv, 'one service, or an action on it');
  try {
    return await eachNode(
      connect(call, flags),
      'error listing services',
      async (target) => servicesOf(model, (await reach(model, call, connect(call, flags), target)).node),
      (answers) =>
        table([
          ['NODE', 'SERVICE', 'STATE', 'HEALTH', 'LAST CHANGE', 'LAST EVENT'],
          ...answers.flatMap(({ target, answer }) =>
            answer.map((one) => [target, one.id, one.state, one.health, ago(model.clock.now - one.changed), one.event]),
          ),
        ]),
    );
  } catch (error) {
    if (error instanceof NoClient) return failed(error.message);
    throw error;
  }
}
