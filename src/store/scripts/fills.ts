import type { GroupKeys } from '../group-keys.ts';
import { FILL_TTL_MS, type Lease } from '../store.ts';
import { createScript, GROW, NOW, NUMBER, type ScriptCall } from './script.ts';

// The hash of a group's fills has the fields `epoch`, the nonce of the fences that stand, and `l:<name>` for each lease:
// `until|holder` of one that is held, `until` of one that is barred.

/** Fields of leases that are looked at for being over when another is granted. */
const LOOKED_AT = 4;
/** Leases of a group below which none is looked for that is over. */
const FEW = 8;

/** Lua: `parse(text)` answers until when a lease is held or barred (0: not), and by whom. Needs NOW. */
const READ = `
local function parse(text)
  local till, bar, holder = string.match(text or '', '^(%d+)(|?)(.*)$')
  till = tonumber(till or 0)
  if till <= now then return 0 end
  return till, bar == '|' and holder or nil
end
`;

/**
 * Lua: `end_lease(fills, name, holder, bar)`, 1 when the holder had it. With its last lease the hash goes too, or when the
 * bar is over: few keys stay behind, and a fence that had no lease of its own falls. Needs NOW and GROW.
 */
export const END_LEASE = `${READ}
local function end_lease(fills, name, holder, bar)
  local field = 'l:' .. name
  local till, by = parse(redis.call('HGET', fills, field))
  if till == 0 or by ~= holder then return 0 end
  local is_last = redis.call('HLEN', fills) == 2
  if bar > 0 then
    redis.call('HSET', fills, field, whole(now + bar))
    if is_last then redis.call('PEXPIRE', fills, whole(bar)) else grow(fills, bar) end
  elseif is_last then
    redis.call('UNLINK', fills)
  else
    redis.call('HDEL', fills, field)
  end
  return 1
end
`;

/**
 *     KEYS   fills; on one server also the sequence of drops, and the base where its value is asked for too
 *     ARGV   nonce, ttl of the hash; for a lease its name, holder, ttl
 *     reply  epoch; sequence (0 without its key); kind of lease; leftMs; where the base is asked for, unless the lease is
 *            another's (or no text lies there), whether there is a value, and that
 */
const BEGIN = createScript(`${NOW}${GROW}${READ}${NUMBER}
local fills, kind, left = KEYS[1], 0, 0
local field = ARGV[3] and 'l:' .. ARGV[3]
local epoch, written = redis.call('HGET', fills, 'epoch'), {}
local is_new = not epoch
if is_new then
  epoch = ARGV[1]
  written = {'epoch', epoch}
end
local function prune()
  if redis.call('HLEN', fills) <= ${FEW} then return end
  local some = redis.call('HRANDFIELD', fills, ${LOOKED_AT}, 'WITHVALUES')
  for i = 1, #some, 2 do
    if some[i] ~= 'epoch' and parse(some[i + 1]) == 0 then redis.call('HDEL', fills, some[i]) end
  end
end
local ttl = tonumber(ARGV[2])
if field then
  local till, holder = parse(not is_new and redis.call('HGET', fills, field))
  if till > 0 and holder ~= ARGV[4] then
    kind, left = holder and 2 or 3, till - now
  else
    if not is_new then prune() end
    written[#written + 1] = field
    written[#written + 1] = whole(now + ARGV[5]) .. '|' .. ARGV[4]
    kind, ttl = 1, math.max(ttl, tonumber(ARGV[5]))
  end
end
if #written > 0 then redis.call('HSET', fills, unpack(written)) end
if is_new then
  redis.call('PEXPIRE', fills, whole(ttl))
-- Who waits for a change of the hash must not be woken by those who find the lease taken; so its life grows seldom then.
elseif kind < 2 or redis.call('PTTL', fills) < ttl / 2 then
  grow(fills, ttl)
end
local reply = {epoch, number(KEYS[2] and redis.call('GET', KEYS[2])), kind, left}
if KEYS[3] and kind ~= 2 then
  local value = redis.pcall('GET', KEYS[3])
  if type(value) == 'string' then
    reply[5], reply[6] = 1, value
  elseif not value then
    reply[5] = 0
  end
end
return reply
`);

/**
 *     KEYS   fills
 *     ARGV   ttl of the hash; name, holder, ttl of the lease
 *     reply  1 when the holder still had it
 */
const RENEW = createScript(`${NOW}${GROW}${READ}
local field = 'l:' .. ARGV[2]
local till, holder = parse(redis.call('HGET', KEYS[1], field))
if till == 0 or holder ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], field, whole(now + ARGV[4]) .. '|' .. holder)
grow(KEYS[1], math.max(tonumber(ARGV[1]), tonumber(ARGV[4])))
return 1
`);

/**
 *     KEYS   fills
 *     ARGV   name and holder of the lease; for how long it is barred, or 0
 *     reply  1 when the holder had it
 */
const END = createScript(`${NOW}${GROW}${END_LEASE}
return end_lease(KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]))
`);

export const FILL_SCRIPTS = [BEGIN, RENEW, END];

export interface BeginReply {
  readonly epoch: string;
  /** How far the sequence of drops was; 0 when it was not asked for. */
  readonly sequence: number;
  readonly lease: LeaseReply | null;
  /** What lies at the base, where that was asked for; `undefined`: it is not known. */
  readonly value: string | null | undefined;
}

export type LeaseReply =
  | { readonly kind: 'held' }
  | { readonly kind: 'taken' | 'barred'; readonly leftMs: number };

export interface BeginAsked {
  /** The key of the sequence of drops where the same server holds it, else `null`. */
  readonly drops: string | null;
  /** The base where its value is asked for too, which takes that key; else `null`. */
  readonly base: string | null;
  readonly nonce: string;
  readonly lease: Lease | undefined;
}

export function beginCall({ fills }: GroupKeys, { drops, base, nonce, lease }: BeginAsked): ScriptCall {
  const leaseArgs = lease === undefined ? [] : [lease.name, lease.holder, lease.ttlMs];
  const beside = drops === null ? [] : base === null ? [drops] : [drops, base];
  return { script: BEGIN, keys: [fills, ...beside], args: [nonce, FILL_TTL_MS, ...leaseArgs] };
}

export function readBegin(reply: unknown): BeginReply {
  const [epoch, sequence, kind, left, there, value] = reply as unknown[];
  return {
    epoch: String(epoch),
    sequence: Number(sequence),
    lease: leaseReply(Number(kind), Number(left)),
    value: there === undefined ? undefined : Number(there) === 1 ? String(value) : null,
  };
}

function leaseReply(kind: number, leftMs: number): LeaseReply | null {
  if (kind === 0) return null;
  return kind === 1 ? { kind: 'held' } : { kind: kind === 2 ? 'taken' : 'barred', leftMs };
}

export function renewCall({ fills }: GroupKeys, { name, holder, ttlMs }: Lease): ScriptCall {
  return { script: RENEW, keys: [fills], args: [FILL_TTL_MS, name, holder, ttlMs] };
}

export function endCall({ fills }: GroupKeys, { name, holder }: Lease, barMs: number): ScriptCall {
  return { script: END, keys: [fills], args: [name, holder, barMs] };
}
