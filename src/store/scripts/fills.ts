import type { GroupKeys } from '../group-keys.ts';
import { FILL_TTL_MS, type Lease } from '../store.ts';
import { createScript, GROW, NOW, NUMBER, type ScriptCall } from './script.ts';

// The hash of a group's fills has the fields `epoch`, the nonce of the fences that stand, and `l:<name>` for each lease:
// `until|holder` of one that is held, `until` of one that is barred.

/** Fields of leases that are looked at for being over when another is granted. */
const LOOKED_AT = 4;
/** Leases of a group below which none is looked for that is over. */
const FEW = 8;

/** Lua: `read(name)` answers until when a lease is held or barred (0: not), and by whom. Needs NOW. */
const READ = `
local function parse(text)
  local till, bar, holder = string.match(text or '', '^(%d+)(|?)(.*)$')
  till = tonumber(till or 0)
  if till <= now then return 0 end
  return till, bar == '|' and holder or nil
end
`;

/**
 *     KEYS   fills; on one server also the sequence of drops
 *     ARGV   nonce, ttl of the hash; for a lease its name, holder, ttl
 *     reply  epoch; sequence (0 without its key); kind of lease; leftMs
 */
const BEGIN = createScript(`${NOW}${GROW}${READ}${NUMBER}
local fills, kind, left = KEYS[1], 0, 0
local epoch = redis.call('HGET', fills, 'epoch')
if not epoch then
  epoch = ARGV[1]
  redis.call('HSET', fills, 'epoch', epoch)
end
local function prune()
  if redis.call('HLEN', fills) <= ${FEW} then return end
  local some = redis.call('HRANDFIELD', fills, ${LOOKED_AT}, 'WITHVALUES')
  for i = 1, #some, 2 do
    if some[i] ~= 'epoch' and parse(some[i + 1]) == 0 then redis.call('HDEL', fills, some[i]) end
  end
end
local ttl = tonumber(ARGV[2])
if ARGV[3] then
  local field = 'l:' .. ARGV[3]
  local till, holder = parse(redis.call('HGET', fills, field))
  if till > 0 and holder ~= ARGV[4] then
    kind, left = holder and 2 or 3, till - now
  else
    prune()
    redis.call('HSET', fills, field, whole(now + ARGV[5]) .. '|' .. ARGV[4])
    kind, ttl = 1, math.max(ttl, tonumber(ARGV[5]))
  end
end
-- Who waits for a change of the hash must not be woken by those who find the lease taken; so its life grows seldom then.
if kind < 2 or redis.call('PTTL', fills) < ttl / 2 then grow(fills, ttl) end
return {epoch, number(KEYS[2] and redis.call('GET', KEYS[2])), kind, left}
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
 * With its last lease the hash goes too, or when the bar is over: few keys stay behind, and a fence that had no lease of
 * its own falls.
 *
 *     KEYS   fills
 *     ARGV   name and holder of the lease; for how long it is barred, or 0
 *     reply  1 when the holder had it
 */
const END = createScript(`${NOW}${GROW}${READ}
local field, bar = 'l:' .. ARGV[1], tonumber(ARGV[3])
local till, holder = parse(redis.call('HGET', KEYS[1], field))
if till == 0 or holder ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], field)
if bar > 0 then
  redis.call('HSET', KEYS[1], field, whole(now + bar))
  if redis.call('HLEN', KEYS[1]) == 2 then redis.call('PEXPIRE', KEYS[1], whole(bar)) else grow(KEYS[1], bar) end
elseif redis.call('HLEN', KEYS[1]) == 1 then
  redis.call('UNLINK', KEYS[1])
end
return 1
`);

export interface BeginReply {
  readonly epoch: string;
  /** How far the sequence of drops was; 0 when it was not asked for. */
  readonly sequence: number;
  readonly lease: LeaseReply | null;
}

export type LeaseReply =
  | { readonly kind: 'held' }
  | { readonly kind: 'taken' | 'barred'; readonly leftMs: number };

/** @param drops the key of the sequence of drops where the same server holds it, else `null` */
export function beginCall(keys: GroupKeys, drops: string | null, nonce: string, lease?: Lease): ScriptCall {
  const leaseArgs = lease === undefined ? [] : [lease.name, lease.holder, lease.ttlMs];
  return {
    script: BEGIN,
    keys: drops === null ? [keys.fills] : [keys.fills, drops],
    args: [nonce, FILL_TTL_MS, ...leaseArgs],
  };
}

export function readBegin(reply: unknown): BeginReply {
  const [epoch, sequence, kind, left] = reply as [unknown, unknown, unknown, unknown];
  return { epoch: String(epoch), sequence: Number(sequence), lease: leaseReply(Number(kind), Number(left)) };
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
