// RFC 6750 §2.1; the scheme's name counts alike in upper and lower case (RFC 9110 §11.1).
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** The token of an `Authorization` value of the scheme `Bearer`; `null` for any other value. */
export function bearerToken(authorization: string | undefined): string | null {
  return BEARER.exec(authorization ?? '')?.[1] ?? null;
}
