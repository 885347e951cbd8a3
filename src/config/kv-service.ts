import { type Environment, variable } from './environment.ts';
import { type Fault, faultAt } from './fault.ts';
import { isHttpUrl } from './urls.ts';

/** The variables of KV services: address and token. The first pair of which anything is set counts. */
export const KV_VARIABLES = [
  { url: 'KV_REST_API_URL', token: 'KV_REST_API_TOKEN' },
  { url: 'UPSTASH_REDIS_REST_URL', token: 'UPSTASH_REDIS_REST_TOKEN' },
] as const;

/** What `kv-rest:` lacks in the environment; nothing for another store. */
export function kvServiceFaults(store: unknown, env: Environment): Fault[] {
  if (store !== 'kv-rest:') return [];
  const isSet = (name: string) => (variable(env, name)?.trim() ?? '') !== '';
  const pair = KV_VARIABLES.find(({ url, token }) => isSet(url) || isSet(token));
  if (pair === undefined) {
    const [vercel, upstash] = KV_VARIABLES;
    const accepted = `the service's address and token, or ${upstash.url} and ${upstash.token}`;
    return [faultAt(['store'], [vercel.url, vercel.token], 'not set', accepted)];
  }
  const { url, token } = pair;
  if (!isSet(token)) return [faultAt(['store'], [token], 'not set', `the token that goes with ${url}`)];
  if (!isSet(url)) return [faultAt(['store'], [url], 'not set', `the address that goes with ${token}`)];
  if (isHttpUrl(variable(env, url)!.trim())) return [];
  const accepted = 'an http or https URL without credentials, query or fragment';
  // It may hold a token in the wrong place.
  return [faultAt(['store'], [url], 'found another value', accepted)];
}
