/** Each beside the authorities that have it. */
export const KEYS_OF_AUTHORITIES = {
  url: ['wagtail', 'django', 'http'],
  path: ['wagtail', 'django', 'http'],
  cookie: ['wagtail', 'django', 'http', 'token'],
  header: ['wagtail', 'django', 'http', 'token'],
  timeout_ms: ['wagtail', 'django', 'http', 'token'],
  cache: ['wagtail', 'django', 'http'],
  cache_ttl_seconds: ['wagtail', 'django', 'http'],
  id_in_key: ['wagtail', 'django', 'http'],
  method: ['http'],
  valid: ['http'],
  invalid: ['http'],
  bearer: ['http'],
  forward: ['http'],
  identity: ['http'],
  jwks_url: ['token'],
  issuer: ['token'],
  audience: ['token'],
  algorithms: ['token'],
  roles_claim: ['token'],
  // A token is as good as its signature, whatever is forgotten of it.
  logout_path: ['wagtail', 'django', 'http', 'own'],
} as const;
