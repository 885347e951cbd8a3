import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** Certificates for 127.0.0.1 and localhost, in files. */
export interface TlsFiles {
  /** What signed the rest: whom a client is to trust. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** A client's certificate of the same authority. */
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  remove(): Promise<void>;
}

export async function makeTlsFiles(): Promise<TlsFiles> {
  const dir = await mkdtemp(join(tmpdir(), 'cachegate-tls-'));
  const authority = await generate([{ name: 'commonName', value: 'test authority' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { key: authority.private, cert: authority.cert };
  const own = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  const client = await generate([{ name: 'commonName', value: 'test client' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca,
    extensions: [{ name: 'basicConstraints', cA: false }],
  });
  const file = async (name: string, content: string) => {
    const path = join(dir, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  return {
    caFile: await file('ca.pem', authority.cert),
    certFile: await file('server.pem', own.cert),
    keyFile: await file('server.key', own.private),
    clientCertFile: await file('client.pem', client.cert),
    clientKeyFile: await file('client.key', client.private),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
