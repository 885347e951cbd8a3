import type { FieldList } from '../../http/fields.ts';
import type { Answer } from '../answer.ts';
import type { Exchange, Step } from '../exchange.ts';
import { NOTHING_SKIPPED } from '../forwarding.ts';
import { tracedOrigin } from '../traced-origin.ts';
import type { UpgradeClient } from '../upgrade-client.ts';
import type { Upstream } from '../upstream.ts';

export interface UpgradeStepOptions {
  /** The protocols that the service passes on, in lower case. */
  readonly protocols: readonly string[];
  readonly upstream: Upstream;
  readonly client: UpgradeClient;
}

/**
 * Passes on a request to change to one of the service's protocols (RFC 9110 §7.8); any other is answered as if it had
 * not asked, by the next step.
 */
export function createUpgradeStep({ protocols, upstream, client }: UpgradeStepOptions): Step {
  const passed = new Set(protocols);
  const { service, tracing } = upstream;
  const ask = tracedOrigin(client, { service, origin: new URL(upstream.baseUri), tracing });

  async function change(exchange: Exchange, protocol: string): Promise<Answer> {
    const { request, destination } = exchange;
    const { method, signal } = request;
    const passed = (await upstream.identityPassing?.fieldsFor(exchange.identity)) ?? [];
    const fields = [...upgradeFields(exchange, upstream), ...passed];
    const response = await ask({ method, target: destination.target, fields, protocol, signal });
    const { status, body, tunnel } = response;
    exchange.outcome = { hit: false, fwd: 'bypass', fwdStatus: status };
    const presented = upstream.present(response.fields);
    if (tunnel === undefined) return { status, fields: presented, body };
    return {
      status,
      fields: [...presented, 'Connection', 'Upgrade', 'Upgrade', protocol],
      body: null,
      tunnel,
    };
  }

  return (exchange) => {
    const { request, destination } = exchange;
    // Other methods change things, and their answers are the cache's to see.
    if (request.method !== 'GET' || request.upgrade === null || destination.refused !== null) return null;
    const protocol = protocolsOf(request.upgrade).find((each) => passed.has(each));
    return protocol === undefined ? null : change(exchange, protocol);
  };
}

function protocolsOf(upgrade: string): string[] {
  return upgrade.split(',').map((protocol) => protocol.trim().toLowerCase());
}

// The handshake is of no use without its own fields, whatever else is passed on.
function upgradeFields(exchange: Exchange, { forwarding }: Upstream): FieldList {
  const { request } = exchange;
  const fields = forwarding.fields(request, exchange.correlationId(), NOTHING_SKIPPED);
  const known = new Set(fields.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : '')));
  for (let i = 0; i < request.fields.length; i += 2) {
    const name = request.fields[i]!;
    const lowerName = name.toLowerCase();
    if (lowerName.startsWith('sec-websocket-') && !known.has(lowerName))
      fields.push(name, request.fields[i + 1]!);
  }
  return fields;
}
