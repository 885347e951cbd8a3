import { type CompiledConfig, createGateOn, type Gate, type GateOptions } from '../serverless/create-gate.ts';
import { createReadVercelContext } from '../serverless/vercel-context.ts';

export type {
  CompiledConfig,
  FetchHandler,
  Gate,
  GateOptions,
  RouteMethod,
} from '../serverless/create-gate.ts';
export type { PlatformContext, WaitUntil } from '../serverless/request-context.ts';

/**
 * The configured gate as a Vercel function: `export default createGate(config)` in a file of `api/`, or
 * `export const { GET, HEAD, OPTIONS } = createGate(config).handlers` in a route of Next.js. What follows an answer goes to
 * Vercel's `waitUntil`, and the client's address is what Vercel's proxy says.
 * @param compiled what `cachegate build` has written
 */
export function createGate(compiled: CompiledConfig, options: GateOptions = {}): Gate {
  const { env = process.env } = options;
  return createGateOn(compiled, options, createReadVercelContext(env));
}
