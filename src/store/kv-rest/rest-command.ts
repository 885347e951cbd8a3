import type { Script, ScriptCall } from '../scripts/script.ts';

export type RestCommand =
  | { readonly name: 'mget'; readonly keys: readonly string[] }
  | { readonly name: 'pttl' | 'hgetall'; readonly key: string }
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

/**
 * A command as the service takes it.
 *
 * @param whole sends a script's text instead of its name.
 */
export function wordsOf(command: RestCommand, whole: boolean): (string | number)[] {
  switch (command.name) {
    case 'mget':
      return ['MGET', ...command.keys];
    case 'pttl':
    case 'hgetall':
      return [command.name.toUpperCase(), command.key];
    case 'set': {
      const { key, text, ttlMs, onlyIfAbsent } = command;
      return ['SET', key, text, 'PX', ttlMs, ...(onlyIfAbsent ? ['NX'] : [])];
    }
    case 'unlink':
      return ['UNLINK', ...command.keys];
    case 'ping':
      return ['PING'];
    case 'script': {
      const { script, keys, args } = command.call;
      const named = whole ? ['EVAL', script.source] : ['EVALSHA', script.sha];
      return [...named, keys.length, ...keys, ...args];
    }
  }
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
    case 'hgetall':
      return COMMAND_OVERHEAD_BYTES + bytesOfText(command.key);
    case 'set':
      return COMMAND_OVERHEAD_BYTES + bytesOfText(command.key) + bytesOfText(command.text);
    case 'ping':
      return COMMAND_OVERHEAD_BYTES;
    case 'script':
      // It may have to go with its text.
      return bytesOfCall(command.call) + bytesOfScript(command.call.script);
  }
}

/** The same of a call, without its script's text. */
export function bytesOfCall({ keys, args }: TextCall): number {
  return COMMAND_OVERHEAD_BYTES + bytesOfAll(keys) + bytesOfAll(args);
}

const scriptBytes = new WeakMap<Script, number>();

function bytesOfScript(script: Script): number {
  const known = scriptBytes.get(script) ?? bytesOfText(script.source);
  scriptBytes.set(script, known);
  return known;
}

/** Whether the service's answer to a command is of the kind that the command has. */
export function isReplyTo(command: RestCommand, reply: unknown): boolean {
  switch (command.name) {
    case 'mget':
      return Array.isArray(reply) && reply.length === command.keys.length && reply.every(isTextOrNothing);
    case 'hgetall':
      return Array.isArray(reply);
    case 'pttl':
    case 'unlink':
      return Number.isInteger(reply);
    case 'set':
      return reply === 'OK' || reply === null;
    case 'ping':
      return typeof reply === 'string';
    case 'script':
      return Array.isArray(reply) || typeof reply === 'string' || Number.isInteger(reply);
  }
}

function isTextOrNothing(value: unknown): boolean {
  return typeof value === 'string' || value === null;
}

function bytesOfAll(values: readonly (string | number)[]): number {
  return values.reduce<number>((sum, value) => sum + bytesOfText(String(value)), 0);
}

/** As it stands in JSON, with a comma. */
function bytesOfText(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) + 1;
}
