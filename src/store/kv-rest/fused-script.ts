import { FILL_SCRIPTS } from '../scripts/fills.ts';
import { SET } from '../scripts/guarded-set.ts';
import { createScript, NOW, type Script } from '../scripts/script.ts';
import type { TextCall } from './rest-command.ts';
import { TAKE_SCRIPT } from './take-script.ts';

/**
 *     KEYS   a key
 *     reply  its PTTL
 */
export const LIFETIME = createScript("return redis.call('PTTL', KEYS[1])\n");

/** What a request asks for on its way. Each asks the time once, so that one may do so for all. */
const FUSED: readonly Script[] = [LIFETIME, TAKE_SCRIPT, ...FILL_SCRIPTS, SET];

/**
 * Carries out several calls of these scripts one after another, as one command. An error stays with its call.
 *
 *     KEYS   the keys of each call
 *     ARGV   for each call the number of its script, of its keys and of its arguments; and these
 *     reply  for each call 1 and its reply, or 0 and the text of its error
 */
const FUSED_SCRIPT = createScript(`${NOW}
local scripts = {}
${FUSED.map(({ source }, at) => `scripts[${at}] = function (KEYS, ARGV)\n${source.replace(NOW, '')}end`).join('\n')}
local reply, key, arg = {}, 0, 1
while arg <= #ARGV do
  local keys, args = {}, {}
  local script, key_count, arg_count = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
  for i = 1, key_count do keys[i] = KEYS[key + i] end
  for i = 1, arg_count do args[i] = ARGV[arg + 2 + i] end
  key, arg = key + key_count, arg + 3 + arg_count
  local done, answer = pcall(scripts[script], keys, args)
  if done then
    reply[#reply + 1] = {1, answer}
  else
    local text = type(answer) == 'table' and answer.err or answer
    reply[#reply + 1] = {0, (string.gsub(tostring(text), '^@?user_script:%d*:? ?', ''))}
  end
end
return reply
`);

/** Whether a call can be one of several. */
export function isFusable({ script }: TextCall): boolean {
  return FUSED.includes(script);
}

/** @param calls of fusable scripts */
export function fusedCall(calls: readonly TextCall[]): TextCall {
  return {
    script: FUSED_SCRIPT,
    keys: calls.flatMap(({ keys }) => keys),
    args: calls.flatMap(({ script, keys, args }) => [
      FUSED.indexOf(script),
      keys.length,
      args.length,
      ...args,
    ]),
  };
}
