import type { TrackableClient } from './trackable-client.ts';

const LIMIT = /^maxmemory:(\d+)/m;

/**
 * What the servers that take writes may hold together, in bytes; `null`: one of them has no limit, or may not be asked.
 * Never rejects.
 */
export async function limitOf(client: TrackableClient): Promise<number | null> {
  const servers = (client.nodes?.('master') as TrackableClient[] | undefined) ?? [client];
  const limits = await Promise.all(servers.map(limitOfOne));
  const known = limits.filter((limit) => limit !== null);
  return known.length === 0 || known.length < limits.length
    ? null
    : known.reduce((sum, limit) => sum + limit, 0);
}

async function limitOfOne(server: TrackableClient): Promise<number | null> {
  try {
    const limit = Number(LIMIT.exec(String(await server.call('info', ['memory'])))?.[1] ?? 0);
    return limit === 0 ? null : limit;
  } catch {
    return null;
  }
}
