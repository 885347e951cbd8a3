import * as z from 'zod';
import { acceptsSecret } from './accepted.ts';
import { network } from './network.ts';
import { listOf } from './scalars.ts';

// What `Authorization: Bearer` can carry (RFC 6750, section 2.1).
const TOKEN = /^(?=.{16,1024}$)[A-Za-z0-9._~+/-]+=*$/;

/** Who may purge by the method `PURGE`. */
export const purgeSchema = z.strictObject({
  addresses: listOf(network(), 'IP addresses and CIDRs').default([]),
  token: acceptsSecret(
    z.string().regex(TOKEN),
    'a secret of 16 to 1024 characters of A-Z, a-z, 0-9, -, ., _, ~, + and /, with = at its end only',
  ).optional(),
});
