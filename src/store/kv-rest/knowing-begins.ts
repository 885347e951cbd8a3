import type { Changes } from '../changes.ts';
import { createLateReads } from '../near/late-reads.ts';
import type { ScriptedGroups } from '../scripts/scripted-groups.ts';
import type { RestReads } from './rest-reads.ts';

/**
 * Begins fills. Who has begun one looks once more at what is stored; what the begin has told of that answers the look, so
 * that it needs no request of its own.
 */
export function createKnowingBegins(
  groups: Pick<ScriptedGroups, 'begin'>,
  reads: Pick<RestReads, 'know' | 'forget' | 'forgetAll'>,
  changes: Pick<Changes, 'listen'>,
): ScriptedGroups['begin'] {
  // What this process has changed meanwhile is not to be answered by what was there before.
  const late = createLateReads();
  const changed = (key: string) => {
    late.changed(key);
    reads.forget(key);
  };
  const tagDropped = () => {
    late.lost();
    reads.forgetAll();
  };
  changes.listen({ changed, dropped: changed, tagDropped });

  return async (base, lease) => {
    const note = late.begin(base);
    const askedAt = performance.now();
    let told: string | null | undefined;
    try {
      const begun = await groups.begin(base, lease);
      told = begun.value;
      return begun;
    } finally {
      if (late.end(base, note) && told !== undefined) reads.know(base, told, askedAt);
    }
  };
}
