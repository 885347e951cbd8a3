import { type RequestFields, valueIn } from '../message.ts';
import type { StoredResponse } from './stored-response.ts';

/** RFC 9111 §4.1: every field that `Vary` names has the same meaning in both requests. */
export function isSelectedBy(stored: StoredResponse, request: RequestFields): boolean {
  const names = (valueIn(stored.fields, 'vary') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  if (names.includes('*')) return false;
  return names.every((name) => meaning(name, request.get(name)) === meaning(name, stored.request.get(name)));
}

/** White space and the order of languages count for nothing, nor does the spelling of a weight (RFC 9110 §12.5.4). */
function meaning(name: string, value: string | undefined): string | undefined {
  const members = value?.split(',').map((member) => member.trim());
  if (name !== 'accept-language') return members?.join(',');
  return members
    ?.map((member) => {
      const [language, weight = '1'] = member.toLowerCase().replaceAll(' ', '').split(';q=');
      return `${language} ${Number(weight)}`;
    })
    .sort()
    .join(',');
}
