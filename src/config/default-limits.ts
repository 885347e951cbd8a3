interface LimitRule {
  readonly limit: number;
  readonly window_seconds: number;
}

/** What the limits of a service that says nothing of them are. */
interface Limits {
  readonly session: LimitRule | 'off';
  readonly address: LimitRule | 'off';
  readonly strict: boolean;
}

const WINDOW = { window_seconds: 10 };
export const DEFAULT_RULES = {
  session: { limit: 10, ...WINDOW },
  address: { limit: 60, ...WINDOW },
} as const;

/** With a session, and without. */
export const DEFAULT_LIMITS: Limits = { ...DEFAULT_RULES, strict: false };
export const NO_LIMITS: Limits = { session: 'off', address: 'off', strict: false };
