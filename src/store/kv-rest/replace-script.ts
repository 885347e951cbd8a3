import { createScript } from '../scripts/script.ts';
import { envelope, HEADER_CHARS, MARKER, plainText, unpadded } from './encoding.ts';
import type { TextCall } from './rest-command.ts';

/**
 * What lies there in base64 is compared by its bytes, whenever it expires, and stays in base64: it may be in a group.
 *
 *     KEYS   key
 *     ARGV   what a value in base64 begins with, and characters before it; expected in base64; value in base64, with all
 *            before it; ttl; whether expected is text too (1); it; whether value is (1); it
 *     reply  1 when it was written
 */
const REPLACE = createScript(`
local before, head, value = redis.call('GET', KEYS[1]), tonumber(ARGV[2]), ARGV[4]
if not before then return 0 end
if string.sub(before, 1, #ARGV[1]) == ARGV[1] and #before >= head then
  if string.sub(before, head + 1) ~= ARGV[3] then return 0 end
else
  if ARGV[6] ~= '1' or before ~= ARGV[7] then return 0 end
  if ARGV[8] == '1' then value = ARGV[9] end
end
redis.call('SET', KEYS[1], value, 'PX', ARGV[5])
return 1
`);

/** The call of `Store.replace`; its reply is 1 when the value was written. */
export function replaceCall(
  key: string,
  expected: Buffer,
  bytes: Buffer,
  ttlMs: number,
  now: number,
): TextCall {
  const args = [MARKER, HEADER_CHARS, unpadded(expected), envelope(bytes, now + ttlMs), ttlMs];
  return { script: REPLACE, keys: [key], args: [...args, ...optional(expected), ...optional(bytes)] };
}

function optional(bytes: Buffer): [number, string] {
  const text = plainText(bytes);
  return text === null ? [0, ''] : [1, text];
}
