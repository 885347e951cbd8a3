import { isReplyError } from '../reply-errors.ts';
import type { Script, ScriptCall } from '../scripts/script.ts';
import type { ValkeyClient } from './client.ts';

type Argument = string | number | Buffer;

/**
 * Runs a script that the server may not know yet. Bulk strings of the reply come as Buffers with `callBuffer`.
 *
 * @throws what the client throws
 */
export async function runScript(
  client: ValkeyClient,
  method: 'call' | 'callBuffer',
  script: Script,
  args: readonly Argument[],
): Promise<unknown> {
  try {
    return await client[method]('evalsha', [script.sha, ...args]);
  } catch (error) {
    if (!isReplyError(error) || !error.message.startsWith('NOSCRIPT')) throw error;
  }
  // It did not run, so nothing was done. Which node of a Cluster is to load it, only a command with keys tells.
  if (client.isCluster === true) return client[method]('eval', [script.source, ...args]);
  // Loaded rather than sent with EVAL, whose scripts may be evicted.
  const loaded = client.call('script', ['LOAD', script.source]);
  const reply = client[method]('evalsha', [script.sha, ...args]);
  return (await Promise.all([loaded, reply]))[1];
}

/** The same with texts in the reply. */
export function callScript(client: ValkeyClient, { script, keys, args }: ScriptCall): Promise<unknown> {
  return runScript(client, 'call', script, [keys.length, ...keys, ...args]);
}
