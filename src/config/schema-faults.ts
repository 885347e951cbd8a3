import type * as z from 'zod';
import { closestName } from './closest-name.ts';
import type { Draft } from './draft.ts';
import { type Fault, faultAt } from './fault.ts';
import { quote } from './found.ts';
import { formatPath, type Path, valueAt } from './path.ts';
import { acceptedNameAt, expectationAt } from './schema-lookup.ts';
import { unfitFault } from './value-faults.ts';

type Issue = z.core.$ZodIssue;

/** One fault for each place where a draft does not fit the schema; none where the expansion had one already. */
export function schemaFaults(issues: readonly Issue[], draft: Draft, schema: z.core.$ZodType): Fault[] {
  const faulty = new Set(draft.faults.map(({ path }) => path));
  const faults: Fault[] = [];
  for (const { issue, path } of flatten(issues, [])) {
    for (const fault of issueFaults(issue, path, draft, schema)) {
      if (faulty.has(fault.path)) continue;
      faulty.add(fault.path);
      faults.push(fault);
    }
  }
  return faults;
}

interface PlacedIssue {
  readonly issue: Issue;
  readonly path: Path;
}

// Where one of several forms is accepted, the faults of the form that was meant say more than "none of them".
function flatten(issues: readonly Issue[], prefix: Path): PlacedIssue[] {
  return issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    const meant = issue.code === 'invalid_union' ? issue.errors.find(isOfMeantForm) : undefined;
    return meant === undefined ? [{ issue, path }] : flatten(meant, path);
  });
}

function isOfMeantForm(issues: readonly Issue[]): boolean {
  return issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys');
}

function issueFaults(issue: Issue, path: Path, draft: Draft, schema: z.core.$ZodType): Fault[] {
  const source = draft.sources.get(formatPath(path));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, schema));
  if (issue.code === 'invalid_key') {
    const accepted = acceptedNameAt(schema, path.slice(0, -1)) ?? 'another name';
    return [faultAt(path, [], `found the name ${quote(String(path.at(-1)))}`, accepted)];
  }
  const { secret, ...expected } = expectationAt(schema, path);
  return [unfitFault(valueAt(draft.tree, path), { path, source, secret, ...expected })];
}

function unknownKey(path: Path, key: string, schema: z.core.$ZodType): Fault {
  const { keys } = expectationAt(schema, path);
  const meant = closestName(key, keys);
  const hint = meant === undefined ? '' : `, did you mean ${meant}?`;
  return faultAt([...path, key], [], `unknown key${hint}`, keys.join(', '));
}
