import { refusal } from '../answer.ts';
import type { Cors } from '../cors.ts';
import type { Step } from '../exchange.ts';

/** Lets in the web origins of the policy, and answers preflights (Fetch standard, "CORS-preflight request"). */
export function createCorsStep(cors: Cors): Step {
  return (exchange) => {
    const { request } = exchange;
    const origin = request.field('origin');
    if (origin === undefined) {
      if (cors.missingOrigin === 'refuse') return refusal(403, VARY_ORIGIN);
      exchange.corsFields = VARY_ORIGIN;
      return null;
    }
    const fields = cors.fieldsFor(origin);
    if (fields === null) return refusal(403, VARY_ORIGIN);
    exchange.corsFields = fields;
    if (request.method !== 'OPTIONS' || request.field('access-control-request-method') === undefined)
      return null;
    return { status: 204, fields: cors.preflightFields, body: null };
  };
}

const VARY_ORIGIN = ['Vary', 'Origin'];
