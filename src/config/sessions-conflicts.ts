import { type Fault, faultAt } from './fault.ts';
import { formatPath, isMapping, type Path, valueAt } from './path.ts';
import { DEFAULT_ABSOLUTE_TTL_SECONDS, DEFAULT_IDLE_TTL_SECONDS } from './session-lifetimes.ts';
import type { Sources } from './source.ts';

const SESSIONS: Path = ['sessions'];

/** Faults between the values of `sessions`; none where there is no such block. */
export function sessionsConflicts(tree: unknown, sources: Sources): Fault[] {
  const sessions = valueAt(tree, SESSIONS);
  if (!isMapping(sessions)) return [];
  return [...shorterThanIdle(sessions, sources), ...sentInTheOpen(sessions), ...keptNowhere(tree)];
}

function shorterThanIdle(sessions: Record<string, unknown>, sources: Sources): Fault[] {
  const { idle_ttl_seconds: idle = DEFAULT_IDLE_TTL_SECONDS } = sessions;
  const { absolute_ttl_seconds: absolute = DEFAULT_ABSOLUTE_TTL_SECONDS } = sessions;
  if (typeof idle !== 'number' || typeof absolute !== 'number' || absolute >= idle) return [];
  // Where only one is set, it is the one that is wrong.
  const isIdleAtFault = sessions.absolute_ttl_seconds === undefined;
  const path = [...SESSIONS, isIdleAtFault ? 'idle_ttl_seconds' : 'absolute_ttl_seconds'];
  const names = sources.get(formatPath(path))?.names ?? [];
  return isIdleAtFault
    ? [faultAt(path, names, `found ${idle}`, `at most absolute_ttl_seconds, which is ${absolute}`)]
    : [faultAt(path, names, `found ${absolute}`, `at least idle_ttl_seconds, which is ${idle}`)];
}

// Browsers refuse such a cookie.
function sentInTheOpen(sessions: Record<string, unknown>): Fault[] {
  const path = [...SESSIONS, 'cookie'];
  const { secure, same_site: sameSite } = isMapping(sessions.cookie) ? sessions.cookie : {};
  if (sameSite !== 'None' || secure !== false) return [];
  const accepted = 'Lax or Strict, or secure: true beside None';
  return [faultAt([...path, 'same_site'], [], 'found "None" beside secure: false', accepted)];
}

function keptNowhere(tree: unknown): Fault[] {
  if (valueAt(tree, ['store']) !== 'none:') return [];
  return [faultAt(SESSIONS, [], 'found beside the store none:', 'a store that applications have too')];
}

/** Whoever shares sessions with others has to be given their secrets. */
export function missingSecrets(tree: unknown): Fault[] {
  const sessions = valueAt(tree, SESSIONS);
  if (!isMapping(sessions) || sessions.secrets !== undefined) return [];
  const path = [...SESSIONS, 'secrets'];
  return [faultAt(path, ['SESSION_SECRET'], 'missing', '1 to 8 secrets of 32 to 1024 characters each')];
}
