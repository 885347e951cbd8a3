// @ts-check

/**
 * What to type in another terminal, with what comes of it.
 *
 * @param {string} gateUrl where the gate answers
 * @param {string} session one that the sample Wagtail calls valid
 */
export function commandsToTry(gateUrl, session) {
  const url = `'${gateUrl}/api/airtable-proxy?pagePath=/parking/resident-permits'`;
  const origin = `-H 'Origin: chrome-extension://abcdefghijklmnopabcdefghijklmnop'`;
  const asEditor = `${origin} -H 'X-Wagtail-Session: ${session}'`;
  return `Refused: no session, so 401.
  curl -i ${url} ${origin}

Missed: asks the sample Wagtail and the sample Airtable, so half a second; five records.
  curl -i ${url} ${asEditor}

Hit: the same again, from the cache, in a few milliseconds; see Cache-Status.
  curl -i ${url} ${asEditor}

Rate-limited: twelve in a row where ten in any 10 s are allowed; the last ones are 429.
  for i in $(seq 12); do curl -s -o /dev/null -w '%{http_code}\\n' ${url} ${asEditor}; done
`;
}
