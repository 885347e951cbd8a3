import * as z from 'zod';
import { isConnectionField } from '../http/fields.ts';
import { accepts, acceptsSecret } from './accepted.ts';
import { patterned, text } from './scalars.ts';

// RFC 9110, section 5.6.2: token.
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;
// RFC 9110, section 5.5: visible characters, with spaces and tabs between them only.
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

export function fieldName() {
  return patterned(TOKEN, 'a header field name');
}

/** Fields to set on a message, by name. */
export function fields() {
  const name = text(
    (found) => TOKEN.test(found) && !isConnectionField(found.toLowerCase()),
    'a header field name, not one of the connection (Connection, Content-Length, Transfer-Encoding, …)',
  );
  const value = acceptsSecret(
    z.string().regex(VALUE),
    'a header field value (no control characters, no spaces around it)',
  );
  return accepts(z.record(name, value), 'a mapping of header field names to values');
}

/** A cookie's name (RFC 6265, section 4.1.1). */
export function cookieName() {
  return patterned(TOKEN, 'a cookie name');
}

/** A method that a service may let through. */
export function method() {
  return patterned(
    /^(?!(?:TRACE|CONNECT)$)[A-Z][A-Z-]{0,31}$/,
    'an HTTP method in capitals other than TRACE and CONNECT',
  );
}

// What goes on in one of these is HTTP again, past every check of the gate.
const TUNNELLED_HTTP = /^(?:h2c?|http|tls)(?:\/|$)/;
const LOWER_TOKEN = "[!#$%&'*+\\-.^_`|~0-9a-z]{1,64}";
const PROTOCOL = new RegExp(`^${LOWER_TOKEN}(?:/${LOWER_TOKEN})?$`);

/** A protocol that a connection may change to (RFC 9110, section 7.8): a name, with or without a version. */
export function protocol() {
  return text(
    (found) => PROTOCOL.test(found) && !TUNNELLED_HTTP.test(found),
    'a protocol in lower case such as websocket, not one that carries HTTP (h2c, http/…, tls/…)',
  );
}
