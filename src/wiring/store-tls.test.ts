import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTlsFiles, type TlsFiles } from '../../test/support/tls-files.ts';
import { readStoreTls } from './store-tls.ts';

let files: TlsFiles;
beforeAll(async () => {
  files = await makeTlsFiles();
});
afterAll(() => files.remove());

it('reads what is named', async () => {
  const { caFile, clientCertFile, clientKeyFile } = files;
  const own = { cert_file: clientCertFile, key_file: clientKeyFile };
  expect(Object.keys(await readStoreTls({ ca_file: caFile, ...own }))).toEqual(['ca', 'cert', 'key']);
  expect(await readStoreTls({})).toEqual({});
});

it('takes nothing that can not be used for a store that is away', async () => {
  const { caFile, clientCertFile, keyFile } = files;
  const noPem = join(caFile, '..', 'no.pem');
  await writeFile(noPem, 'no certificate');
  for (const named of [
    { ca_file: noPem },
    { ca_file: join(caFile, '..', 'none.pem') },
    { cert_file: noPem, key_file: keyFile },
    { cert_file: clientCertFile, key_file: keyFile },
  ]) {
    await expect(readStoreTls(named)).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringMatching(/^store_tls: /),
    });
  }
});
