import { type FieldList, fieldLines, fieldValue, hasField } from '../http/fields.ts';
import { invalidPurge, type PurgeMode } from './purge-request.ts';

/** What the fields of a `PURGE` request say beside its target. */
export interface PurgeFields {
  /** What is purged: the target's responses, those of the target's service, or those with all of these tags. */
  readonly subject: 'url' | 'service' | readonly string[];
  readonly mode: PurgeMode;
  readonly wait: boolean;
}

/**
 * Reads `Cache-Tag`, `Surrogate-Key`, `Purge-Scope`, `Purge-Mode` and `Purge-Wait`.
 * @throws CachegateError `ERR_PURGE_INVALID`; what can't be read must not purge more than was meant
 */
export function readPurgeFields(fields: FieldList): PurgeFields {
  const scope = oneOf(fields, 'Purge-Scope', ['url', 'service']);
  const mode = oneOf(fields, 'Purge-Mode', ['hard', 'soft']) ?? 'hard';
  const wait = oneOf(fields, 'Purge-Wait', ['true', 'false']) === 'true';
  const tags = readTags(fields);
  if (tags === null) return { subject: scope ?? 'url', mode, wait };
  if (scope !== undefined)
    throw invalidPurge('A purge by tags is of every service: no Purge-Scope beside it');
  return { subject: tags, mode, wait };
}

/** The tags; `null` where neither field is there, which is another thing than a field without a tag. */
function readTags(fields: FieldList): readonly string[] | null {
  if (!hasField(fields, 'cache-tag') && !hasField(fields, 'surrogate-key')) return null;
  const members = [
    ...fieldLines(fields, 'cache-tag').flatMap((line) => line.split(',')),
    ...fieldLines(fields, 'surrogate-key').flatMap((line) => line.split(/[ \t]+/)),
  ];
  // RFC 9110 §5.6.1.2: empty members of a list do not count.
  return members.map((member) => member.trim()).filter((member) => member !== '');
}

function oneOf<const Value extends string>(
  fields: FieldList,
  name: string,
  values: readonly Value[],
): Value | undefined {
  const found = fieldValue(fields, name.toLowerCase())?.trim().toLowerCase();
  if (found === undefined) return undefined;
  const value = values.find((each) => each === found);
  if (value === undefined) throw invalidPurge(`${name} is ${values.join(' or ')}`);
  return value;
}
