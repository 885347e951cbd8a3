import type { Config } from '../config/schema.ts';
import { createExplainer, type Explain } from '../explain/create-explainer.ts';
import { createWarmOne, type WarmOne } from '../gateway/warm-request.ts';
import type { PurgeRequest, PurgeResult } from '../purge/purge-request.ts';
import { type GatewayParts, type WiredGateway, wireGateway } from './wire-gateway.ts';
import { wirePurge } from './wire-purge.ts';

/** The same with what an operator asks of it. */
export interface OperatedGateway extends WiredGateway {
  purge(request: PurgeRequest): Promise<PurgeResult>;
  readonly explain: Explain;
  readonly warmOne: WarmOne;
}

/** @throws CachegateError as `wireGateway` does */
export async function wireOperated(config: Config, parts: GatewayParts): Promise<OperatedGateway> {
  const wired = await wireGateway(config, parts);
  const { services, keys } = wired;
  const { clock, observer, opened } = parts;
  const { purge } = wirePurge(config, { services, store: opened.store, keys, clock, observer });
  const fields = Object.entries(config.warm.request_headers).flat();
  return {
    ...wired,
    purge,
    explain: createExplainer({ services, keys, clock }),
    warmOne: createWarmOne({ services, clock, fields }),
  };
}
