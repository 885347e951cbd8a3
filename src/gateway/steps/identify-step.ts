import { cookieValue } from '../../http/cookie.ts';
import type { PresentedSession } from '../../session/presented-session.ts';
import { refusal } from '../answer.ts';
import type { Step } from '../exchange.ts';

export interface IdentifyOptions {
  readonly cookieName: string;
  /** Lower case; where both carry an id, the field's counts: only code can set it. */
  readonly fieldName: string | null;
  readonly present: (id: string) => PresentedSession | null;
}

/** Finds the session that the caller presents; none, or one that no cookie could carry, is refused unasked. */
export function createIdentifyStep({ cookieName, fieldName, present }: IdentifyOptions): Step {
  return (exchange) => {
    const { request } = exchange;
    // An empty field presents nothing, and hides no cookie.
    const id =
      (fieldName === null ? undefined : request.field(fieldName)) ||
      cookieValue(request.field('cookie') ?? '', cookieName);
    exchange.session = id === undefined ? null : present(id);
    return exchange.session === null ? refusal(401) : null;
  };
}
