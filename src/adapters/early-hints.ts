import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import type { FieldList } from '../http/fields.ts';

/**
 * Sends an interim response (RFC 9110 §15.2) while the final one has not begun; where answers wait for their turn, in
 * its turn. Node writes 102 and 103; a 103 without a `Link` that Node takes says nothing, and is not sent.
 */
export function inform(response: ServerResponse, status: number, fields: FieldList): void {
  // HTTP/1.0 knows none, and would take it for the final one.
  if (response.headersSent || response.destroyed || response.req.httpVersionMinor === 0) return;
  // What is written before its turn Node would put behind the final header section.
  if (response.socket === null) {
    response.once('socket', () => inform(response, status, fields));
    return;
  }
  if (status === 102) response.writeProcessing();
  if (status !== 103) return;
  try {
    response.writeEarlyHints(hintsOf(fields));
  } catch {
    // A hint lost is a hint lost.
  }
}

/** @throws TypeError for a field that is none, which Node would write as it stands */
function hintsOf(fields: FieldList): Record<string, string | string[]> {
  const hints: Record<string, string> = Object.create(null);
  const links: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase();
    const value = fields[i + 1]!;
    validateHeaderName(name);
    validateHeaderValue(name, value);
    if (name === 'link') links.push(...linksOf(value));
    // Several lines become one list, which no cookie may be put into.
    else if (name !== 'set-cookie')
      hints[name] = hints[name] === undefined ? value : `${hints[name]}, ${value}`;
  }
  return links.length === 0 ? hints : { ...hints, link: links };
}

/** The links of a field value (RFC 8288 §3), which Node wants one by one: a comma in a URI or in quotes parts none. */
function linksOf(value: string): string[] {
  const links: string[] = [];
  let start = 0;
  let closing = '';
  for (let i = 0; i < value.length; i++) {
    const char = value[i]!;
    if (closing !== '') {
      if (char === closing) closing = '';
      else if (char === '\\' && closing === '"') i++;
    } else if (char === '<') closing = '>';
    else if (char === '"') closing = '"';
    else if (char === ',') {
      links.push(value.slice(start, i).trim());
      start = i + 1;
    }
  }
  links.push(value.slice(start).trim());
  return links.filter((link) => link !== '');
}
