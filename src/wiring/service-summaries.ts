import type { ServiceSummary } from '../admin/operations.ts';
import { DEFAULT_LIMITS, NO_LIMITS } from '../config/default-limits.ts';
import type { Config, ServiceConfig } from '../config/schema.ts';

/** The configured services in a few words each, for people. */
export function serviceSummaries({ services }: Pick<Config, 'services'>): ServiceSummary[] {
  return Object.entries(services).map(([name, service]) => ({
    name,
    path: service.path,
    origin: withoutCredentials(service.origin),
    methods: service.methods ?? 'all',
    session: service.session?.authority ?? null,
    cache: service.cache === 'off' ? 'off' : 'on',
    rate_limit: limitsOf(service),
    origin_limit: service.origin_limit?.rules.map(inWords).join(' and ') ?? null,
  }));
}

function limitsOf({ rate_limit: written, session }: ServiceConfig): Record<string, string> {
  const limits = written ?? (session === undefined ? NO_LIMITS : DEFAULT_LIMITS);
  // Without sessions there is but the address to count.
  const kinds = session === undefined ? (['address'] as const) : (['session', 'address'] as const);
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const rule = limits[kind];
      return rule === 'off' ? [] : [[kind, inWords(rule)]];
    }),
  );
}

interface Rule {
  readonly limit: number;
  readonly window_seconds: number;
}

function inWords({ limit, window_seconds: seconds }: Rule): string {
  return `${limit} in ${seconds} s`;
}

function withoutCredentials(origin: string): string {
  const url = new URL(origin);
  return url.origin + url.pathname;
}
