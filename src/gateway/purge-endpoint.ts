import { CachegateError } from '../errors.ts';
import type { Correlated, PurgeObserver, RequestObserver } from '../observe/observer.ts';
import { readPurgeFields } from '../purge/purge-fields.ts';
import type { PurgeTargets } from '../purge/purge-plan.ts';
import type { PurgeSubject } from '../purge/purge-request.ts';
import type { Purger } from '../purge/purger.ts';
import type { MaybePromise } from '../store/store.ts';
import { type Answer, errorAnswer, jsonAnswer, refusal } from './answer.ts';
import { correlationIdOf } from './correlation.ts';
import type { PurgeAccess } from './purge-access.ts';
import type { GateRequest } from './request.ts';

export interface PurgeEndpointOptions {
  readonly access: PurgeAccess;
  readonly purger: Purger;
  readonly targets: PurgeTargets;
  readonly observer: PurgeObserver & RequestObserver;
}

/** Answers `PURGE` requests. Never throws or rejects. */
export type PurgeEndpoint = (request: GateRequest) => MaybePromise<Answer>;

export function createPurgeEndpoint(options: PurgeEndpointOptions): PurgeEndpoint {
  const { access, purger, targets, observer } = options;

  function subjectOf(subject: 'url' | 'service' | readonly string[], target: string): PurgeSubject | null {
    if (subject === 'url') return { url: target };
    if (subject !== 'service') return { tags: subject };
    const found = targets.at(target);
    return found === null ? null : { service: found.service };
  }

  async function purge({ fields, target }: GateRequest, correlated: Correlated): Promise<Answer> {
    const { subject, mode, wait } = readPurgeFields(fields);
    const found = subjectOf(subject, target);
    if (found === null) return refusal(404);
    return jsonAnswer(200, await purger.purge({ ...found, mode, wait }, correlated));
  }

  function failed(error: unknown, correlated: Correlated): Answer {
    const status = error instanceof CachegateError ? STATUS[error.code] : undefined;
    if (status !== undefined) return errorAnswer(status, (error as CachegateError).message);
    observer.requestFailed?.('purge', error, correlated);
    return refusal(500);
  }

  return (request) => {
    const correlationId = correlationIdOf(request);
    const correlated: Correlated = { correlationId: () => correlationId };
    const refused = access(request);
    if (refused !== null) {
      observer.purgeRefused?.(refused.address, refused.reason, correlated);
      return errorAnswer(403, 'Purge not allowed');
    }
    return purge(request, correlated).catch((error: unknown) => failed(error, correlated));
  };
}

const STATUS: { readonly [Code in CachegateError['code']]?: number } = {
  ERR_PURGE_INVALID: 400,
  ERR_PURGE_NO_SERVICE: 404,
  ERR_PURGE_INCOMPLETE: 503,
};
