import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { IDLE_SECONDS, SECRET } from '../page-workload.mjs';
import { createTimes } from '../times.mjs';

/**
 * The parts of a build and its adapter for a framework; all is at its defaults but what a benchmark on loopback needs.
 *
 * @param {string} build folder
 * @param {string} framework
 * @param {{ storeUrl: string, nearCache: string, timed?: boolean }} options `timed`: look-ups are, which costs them some
 */
export async function openOwnSessions(build, framework, { storeUrl, nearCache, timed = false }) {
  const load = (file) => import(pathToFileURL(join(build, file)).href);
  const { createCachegate } = await load('app/create-cachegate.js');
  const cachegate = await createCachegate({
    store: storeUrl,
    // As long as the others wait, more or less: on a machine that is too busy nothing is refused.
    store_timeout_ms: 5_000,
    namespace: `bench-${framework}-${nearCache}`,
    ...(nearCache === 'off' && { near_cache: 'off' }),
    sessions: { secrets: [SECRET], idle_ttl_seconds: IDLE_SECONDS, cookie: { secure: false } },
  });
  const times = createTimes();
  const parts = timed ? { ...cachegate, sessions: timedSessions(cachegate.sessions, times) } : cachegate;
  return { cachegate: parts, framework: await load(`frameworks/${framework}.js`), takeTimes: times.take };
}

function timedSessions(sessions, times) {
  const open = (request) => {
    const startedAt = performance.now();
    const opened = sessions.open(request);
    // What is at hand was not looked up.
    if (!(opened instanceof Promise)) return opened;
    return opened.finally(() => times.add(performance.now() - startedAt));
  };
  return { ...sessions, open };
}
