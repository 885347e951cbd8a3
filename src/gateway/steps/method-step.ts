import { refusal } from '../answer.ts';
import type { Step } from '../exchange.ts';

// TRACE would show the gate's own credentials to whoever asks (RFC 9110 §9.3.8), and CONNECT asks for a tunnel.
export const REFUSED_METHODS: ReadonlySet<string> = new Set(['TRACE', 'CONNECT']);

/** Refuses methods that the service does not have, and says which it has (RFC 9110 §15.5.6). */
export function createMethodStep(methods: readonly string[]): Step {
  const allowed = new Set(methods.filter((method) => !REFUSED_METHODS.has(method)));
  const allow = ['Allow', [...allowed].join(', ')];
  return ({ request }) => {
    if (!allowed.has(request.method)) return refusal(405, allow);
    // RFC 9110 §7.6.2: an OPTIONS that may go no further is answered here; in other methods the field means nothing.
    const isLast = request.method === 'OPTIONS' && LAST_HOP.test(request.field('max-forwards') ?? '');
    return isLast ? { status: 204, fields: allow, body: null } : null;
  };
}

const LAST_HOP = /^0+$/;
