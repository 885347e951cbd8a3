// The gate as a function: `cachegate/web`, `cachegate/vercel`.
import { createGate as forVercel } from 'cachegate/vercel';
import { type CompiledConfig, createGate, type Gate } from 'cachegate/web';

export function anywhere(config: CompiledConfig): Gate {
  // @ts-expect-error it is what `cachegate build` writes
  createGate({ services: {} });
  return createGate(config, { env: { KV_REST_API_URL: 'https://kv.example.com' }, waitUntil: () => {} });
}

/** What platforms take: `export default`. */
export function onVercel(config: CompiledConfig): { fetch(request: Request): Response | Promise<Response> } {
  return forVercel(config);
}

/** And what routes export. */
export const routesOf = (config: CompiledConfig) => {
  const { GET, HEAD, OPTIONS } = forVercel(config).handlers;
  return { GET, HEAD, OPTIONS } satisfies Record<string, (request: Request) => Promise<Response>>;
};

export async function ask(gate: Gate): Promise<number> {
  await gate.ready();
  const { status } = await gate.fetch(new Request('https://gate.example/'), { peer: '192.0.2.7' });
  await gate.close();
  return status;
}
