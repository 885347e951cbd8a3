import { describe, expect, it } from 'vitest';
import { formatFault } from './fault.ts';
import { KV_VARIABLES, kvServiceFaults } from './kv-service.ts';

const [KV, UPSTASH] = KV_VARIABLES;
const URL_FORM = 'an http or https URL without credentials, query or fragment';

describe('the KV service that is the store', () => {
  it.each([
    [
      {},
      `${KV.url}, ${KV.token} (store): not set; accepted: the service's address and token, or ${UPSTASH.url} and ${UPSTASH.token}`,
    ],
    [
      { [KV.url]: 'https://kv.example' },
      `${KV.token} (store): not set; accepted: the token that goes with ${KV.url}`,
    ],
    [
      { [KV.token]: 'hunter2' },
      `${KV.url} (store): not set; accepted: the address that goes with ${KV.token}`,
    ],
    [
      { [UPSTASH.url]: 'https://u:hunter2@kv.example', [UPSTASH.token]: 'hunter2' },
      `${UPSTASH.url} (store): found another value; accepted: ${URL_FORM}`,
    ],
  ])('lacks something: %j', (env, fault) => {
    expect(kvServiceFaults('kv-rest:', env).map(formatFault)).toEqual([fault]);
  });

  it('has what it needs', () => {
    for (const { url, token } of KV_VARIABLES) {
      expect(kvServiceFaults('kv-rest:', { [url]: ' https://kv.example/ ', [token]: 't' })).toEqual([]);
    }
  });

  it('is missed by no other store', () => {
    expect(kvServiceFaults('memory:', { [KV.url]: 'https://kv.example' })).toEqual([]);
  });
});
