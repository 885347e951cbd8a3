import { expect, it } from 'vitest';
import { configSchema } from '../config/schema.ts';
import { workerConfig } from './worker-config.ts';

const configOf = (settings: object) =>
  configSchema.parse({ workers: 4, services: { api: { origin: 'https://a.example' } }, ...settings });

it('divides the memory, and leaves the admin side to the primary', () => {
  const config = configOf({ store: 'redis://127.0.0.1', memory_limit_mib: 100 });
  expect(workerConfig(config, 4, null)).toEqual({
    ...config,
    workers: 1,
    admin_listen: 'off',
    memory_limit_mib: 25,
  });
  expect(workerConfig(configOf({ memory_limit_mib: 3 }), 4, null).memory_limit_mib).toBe(1);
});

it('has an lmdb for the memory that workers can not share, as large as that', () => {
  const shared = workerConfig(configOf({ memory_limit_mib: 100 }), 4, '/tmp/x');
  expect(shared).toMatchObject({ store: 'lmdb:/tmp/x', disk_limit_mib: 100, memory_limit_mib: 25 });
  expect(workerConfig(configOf({ memory_limit_mib: 1 }), 4, '/tmp/x').disk_limit_mib).toBe(16);
});
