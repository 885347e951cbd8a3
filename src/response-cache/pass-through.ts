import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import { assessResponse } from '../engine/assessment.ts';
import { asGet } from '../engine/facts.ts';
import { invalidatedUris, isOwnRepresentation } from '../engine/invalidation.ts';
import type { CachePolicy } from '../engine/policy.ts';
import { contentLength } from '../http/content-length.ts';
import type { ByteBudget } from './byte-budget.ts';
import { type Forward, forwarded, fromArriving, fromEntry } from './cache-answers.ts';
import type { CacheAnswer, CacheRequest, FetchedResponse } from './cache-request.ts';
import type { CollapsedForwarding } from './collapsed-forwarding.ts';
import { arrivingOf } from './fill.ts';
import type { Keeper } from './keeper.ts';
import { NOTHING } from './lookup.ts';
import type { Open, Opening } from './opening.ts';
import type { PendingDrops } from './pending-drops.ts';
import type { Planned } from './planner.ts';

export interface PassThroughOptions {
  readonly open: Open;
  readonly keeper: Keeper;
  readonly drops: PendingDrops;
  readonly forwarding: CollapsedForwarding;
  readonly background: Background;
  readonly budget: ByteBudget;
  readonly clock: Clock;
}

/** Forwards a request whose response is nobody else's (RFC 9111 §4); an unsafe one invalidates (§4.4). */
export type PassThrough = (request: CacheRequest, planned: Planned<Forward>) => Promise<CacheAnswer>;

// Nobody but this request's client waits for it.
const FOR_ITSELF = { stores: true, nominated: null };

export function createPassThrough(options: PassThroughOptions): PassThrough {
  const { open, keeper, drops, forwarding, background, budget, clock } = options;

  /** What a HEAD says of the stored response, behind its answer. */
  function keepHead(request: CacheRequest, head: FetchedResponse, opening: Opening | null): void {
    if (opening?.kind !== 'begun') return;
    const { fence, planned } = opening;
    background.run(() => keeper.keepHead(request, head, { fence, found: planned.found }));
  }

  /** Drops what an exchange has made invalid. */
  async function invalidate(request: CacheRequest, { status, fields }: FetchedResponse): Promise<void> {
    const uris = invalidatedUris(request.facts.method, status, fields, request.targetUri);
    const bases = uris.map((uri) => request.keyOf(uri)).filter((key) => key !== null);
    if (bases.length === 0) return;
    for (const base of bases) forwarding.outdate(base);
    // What lies beside a target's own key is found by a tag, and while the store is away nobody is told of that.
    if (request.hasSeveralKeys) forwarding.seal();
    await drops.drop(request, bases);
  }

  /** The response to a POST that may answer later GETs (RFC 9110 §9.3.3), on its way to the client and the store. */
  async function keepForGet(
    request: CacheRequest,
    response: FetchedResponse,
    planned: Planned<Forward>,
  ): Promise<CacheAnswer | null> {
    const assessment = assessForGet(request, response);
    if (assessment === null) return null;
    const nothing = { ...planned, found: { ...NOTHING, away: planned.found.away } };
    const opening = await open(request, nothing, FOR_ITSELF, request.signal);
    if (opening.kind !== 'begun' || opening.fence === null) return null;
    const keeping = { fence: opening.fence, found: NOTHING };
    const onAbandoned = () => response.body.destroy();
    const landing = arrivingOf(request, response, assessment, {
      fwdStatus: response.status,
      budget,
      onAbandoned,
    });
    background.run(() => {
      const saving = keeper.keepArriving(request, landing, keeping);
      request.timing.saving = saving;
      return saving;
    });
    return fromArriving(request, landing, planned.plan, { fields: response.fields, stored: true });
  }

  return async (request, planned) => {
    const { plan, found } = planned;
    const freshens = request.facts.method === 'HEAD' && found.entry !== null;
    const opening = freshens ? await open(request, planned, FOR_ITSELF, request.signal) : null;
    if (opening?.kind === 'elsewhere') return fromEntry(request, opening.entry, clock.now());
    const asked = forwarding.follow(request.targetKey ?? request.key);
    const how = { conditions: [], whole: false, signal: request.signal };
    const response = await request.forward(how).finally(asked.end);
    keepHead(request, response, opening);
    await invalidate(request, response);
    const kept = asked.outdated ? null : await keepForGet(request, response, planned);
    return kept ?? forwarded(request, response, plan);
  };
}

/** `null`: it is not to be stored. */
function assessForGet(request: CacheRequest, response: FetchedResponse) {
  if (!request.isKeyExact || response.isUncertain === true) return null;
  if (!isOwnRepresentation(request.facts.method, response, request.targetUri)) return null;
  if ((contentLength(response.fields) ?? 0) > request.maxBodyBytes) return null;
  const assessment = assessResponse(asGet(request.facts), response, explicitOnly(request.policy));
  return assessment.storable && assessment.freshnessLifetimeMs > 0 ? assessment : null;
}

/** The policy that gives no lifetime of its own. */
function explicitOnly({ mode, targetedFields, private: isPrivate = false }: CachePolicy): CachePolicy {
  const own = { heuristic: false, force: false, negativeTtlSeconds: new Map() };
  return { mode, targetedFields, private: isPrivate, ...own };
}
