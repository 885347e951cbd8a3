const MAX_FOUND = 60;
// Controls, and characters that move or hide what stands beside them on a terminal.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** What stands at a place, in words for one line; a secret's length instead of the secret. */
export function describeFound(value: unknown, secret: boolean): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'found null';
  if (typeof value === 'string') {
    return secret || mayHoldCredentials(value) ? describeSecret(value) : `found ${quote(value)}`;
  }
  if (typeof value === 'function') return 'found a function';
  if (typeof value === 'object') return Array.isArray(value) ? 'found a list' : 'found a mapping';
  return secret ? `found a ${typeof value}` : `found ${String(value)}`;
}

/** A text that is shown without quotes; undefined where it may be a secret. */
export function showUnquoted(text: string, secret: boolean): string | undefined {
  return secret || mayHoldCredentials(text) ? undefined : oneLine(text, MAX_FOUND);
}

function describeSecret(value: string): string {
  const length = [...value].length;
  return `found a value of ${length} ${length === 1 ? 'character' : 'characters'}`;
}

/** A text in quotes, cut at 60 characters, with what cannot be printed escaped. */
export function quote(text: string): string {
  const characters = [...text.slice(0, 2 * MAX_FOUND + 2)];
  const cut = characters.length > MAX_FOUND ? `${characters.slice(0, MAX_FOUND).join('')}…` : text;
  return escapeUnprintable(JSON.stringify(cut));
}

/** A text of any origin as one line of at most `maxLength` characters. */
export function oneLine(text: string, maxLength: number): string {
  const line = escapeUnprintable(text.trim().replace(/\s+/g, ' '));
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}

function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

const SECRET_NAME = /KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTHORIZATION/i;

/** Whether a variable or a key of the user's own naming is named like a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

const AUTHORITY = /^[a-z][a-z0-9+.-]*:?\/\/([^/?#]*)/i;
const HOST_AND_PORT = /^(?:\[[^\]]*\]|[^:[\]]*)(?::(?:[0-9]{1,6}|\*)?)?$/;
const SECRET_PARAMETER = /[?&][^=&]*(?:key|token|secret|passw|sig)[^=&]*=/i;

// Broken URLs count too: a password is as secret behind a mistyped scheme.
function mayHoldCredentials(text: string): boolean {
  if (/:.*@/s.test(text) || SECRET_PARAMETER.test(text)) return true;
  const authority = AUTHORITY.exec(text)?.[1];
  return authority !== undefined && (authority.startsWith(':') || !HOST_AND_PORT.test(authority));
}
