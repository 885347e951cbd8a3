import { randomBytes } from 'node:crypto';

/** A secret of a test's own, in which every character is one that encodings change somewhere. */
export function randomSecret(): string {
  return randomBytes(24).toString('base64');
}

/** One that may stand wherever a token may. */
export function randomToken(): string {
  return randomBytes(24).toString('base64url');
}

/** So much of a secret in a row gives it away; a session id may be shown by its first eight characters. */
const TELLING = 10;

/**
 * The names of the secrets that a text gives away: as they are, percent-encoded, in hexadecimal digits, or in base64, also
 * in the middle of something longer.
 */
export function secretsIn(text: string, secrets: Readonly<Record<string, string>>): string[] {
  const lower = text.toLowerCase();
  return Object.entries(secrets)
    .filter(([, secret]) => {
      if (secret.length < 2 * TELLING) throw new Error(`too short for a secret: ${secret}`);
      return formsOf(secret).some((form) => holds(text, form)) || holds(lower, hexOf(secret));
    })
    .map(([name]) => name);
}

function holds(text: string, form: string): boolean {
  for (let i = 0; i + TELLING <= form.length; i++) {
    if (text.includes(form.slice(i, i + TELLING))) return true;
  }
  return false;
}

function formsOf(secret: string): string[] {
  const percent = encodeURIComponent(secret);
  const bases = [0, 1, 2].map((offset) => base64At(secret, offset));
  return [
    ...[secret, percent, percent.replace(/%[0-9A-F]{2}/g, (each) => each.toLowerCase())],
    ...[JSON.stringify(secret).slice(1, -1), secret.replaceAll('+', ' ')],
    ...bases.flatMap((base) => [base, base.replaceAll('+', '-').replaceAll('/', '_')]),
  ];
}

/** What of the base64 of something longer is the secret's alone, so many bytes behind a group's beginning. */
function base64At(secret: string, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString('base64');
  const groups = encoded.replace(/=+$/, '');
  return groups.slice(offset === 0 ? 0 : offset + 1, encoded.endsWith('=') ? -1 : undefined);
}

function hexOf(secret: string): string {
  return Buffer.from(secret).toString('hex');
}
