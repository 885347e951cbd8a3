import type { Redis } from '@upstash/redis';
import type { ScriptCall } from '../scripts/script.ts';

export type RestCommand =
  | { readonly name: 'mget'; readonly keys: readonly string[] }
  | { readonly name: 'pttl'; readonly key: string }
  | {
      readonly name: 'set';
      readonly key: string;
      readonly text: string;
      readonly ttlMs: number;
      readonly onlyIfAbsent: boolean;
    }
  | { readonly name: 'unlink'; readonly keys: readonly string[] }
  | { readonly name: 'ping' }
  | { readonly name: 'script'; readonly call: TextCall };

/** A call of a script that no bytes go along with: a request is JSON. */
export interface TextCall extends ScriptCall {
  readonly args: readonly (string | number)[];
}

export type RestPipeline = ReturnType<Redis['pipeline']>;

/** @param whole sends a script's text instead of its name. */
export function addCommand(pipeline: RestPipeline, command: RestCommand, whole: boolean): void {
  switch (command.name) {
    case 'mget':
      pipeline.mget(...command.keys);
      break;
    case 'pttl':
      pipeline.pttl(command.key);
      break;
    case 'set':
      pipeline.set(command.key, command.text, {
        px: command.ttlMs,
        ...(command.onlyIfAbsent && { nx: true as const }),
      });
      break;
    case 'unlink':
      pipeline.unlink(...command.keys);
      break;
    case 'ping':
      pipeline.ping();
      break;
    case 'script':
      addCall(pipeline, command.call, whole);
      break;
  }
}

function addCall(pipeline: RestPipeline, { script, keys, args }: TextCall, whole: boolean): void {
  if (whole) pipeline.eval(script.source, [...keys], [...args]);
  else pipeline.evalsha(script.sha, [...keys], [...args]);
}

/** What quotes, commas and the words of a command take at most. */
const COMMAND_OVERHEAD_BYTES = 120;

/** The bytes of a request that a command takes, or a few more. */
export function bytesOf(command: RestCommand): number {
  switch (command.name) {
    case 'mget':
    case 'unlink':
      return COMMAND_OVERHEAD_BYTES + bytesOfAll(command.keys);
    case 'pttl':
      return COMMAND_OVERHEAD_BYTES + bytesOfText(command.key);
    case 'set':
      return COMMAND_OVERHEAD_BYTES + bytesOfText(command.key) + bytesOfText(command.text);
    case 'ping':
      return COMMAND_OVERHEAD_BYTES;
    case 'script':
      return COMMAND_OVERHEAD_BYTES + bytesOfAll(command.call.keys) + bytesOfAll(command.call.args);
  }
}

function bytesOfAll(values: readonly (string | number)[]): number {
  return values.reduce<number>((sum, value) => sum + bytesOfText(String(value)), 0);
}

/** As it stands in JSON, with a comma. */
function bytesOfText(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) + 1;
}
