import { refusal } from '../answer.ts';
import type { Step } from '../exchange.ts';

/** Refuses methods that the service does not have, and says which it has (RFC 9110 §15.5.6). */
export function createMethodStep(methods: readonly string[]): Step {
  const allowed = new Set(methods);
  const allow = ['Allow', methods.join(', ')];
  return ({ request }) => (allowed.has(request.method) ? null : refusal(405, allow));
}
