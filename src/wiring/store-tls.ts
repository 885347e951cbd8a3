import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Config } from '../config/schema.ts';
import { CachegateError } from '../errors.ts';

type StoreTls = NonNullable<Config['store_tls']>;

/**
 * Reads the certificates of a store over TLS.
 * @throws CachegateError `ERR_CONFIG_INVALID` for one that can't be used; without it, it would look as if the store
 * were away
 */
export async function readStoreTls({ ca_file, cert_file, key_file }: StoreTls) {
  const read = async (file: string | undefined) => (file === undefined ? undefined : readFile(file, 'utf8'));
  try {
    const [ca, cert, key] = await Promise.all([read(ca_file), read(cert_file), read(key_file)]);
    const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
    // Node takes any text for a CA, and then trusts nobody.
    if (ca !== undefined) new X509Certificate(ca);
    createSecureContext(tls);
    return tls;
  } catch (error) {
    throw new CachegateError('ERR_CONFIG_INVALID', `store_tls: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
