import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Address, number];

/**
 * Finds the client's address: the peer's own, or, as long as the peer is a trusted proxy, the last one in
 * `X-Forwarded-For` that is not. What stands left of an untrusted address is anybody's claim and is not read.
 * IPv6 addresses are cut to their /64, since one customer usually holds all of it.
 */
export type ClientAddress = (peer: string, forwardedFor: string | undefined) => string;

/** @param trusted addresses and CIDRs, valid ones. */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const trace = createTrace(trusted);
  return (peer, forwardedFor) => {
    const { client } = trace(peer, forwardedFor);
    return client === null ? 'local' : identify(client);
  };
}

/** Whether a client's address, in full, is one of those `allowed`, and what it is. */
export type ClientAllowance = (
  peer: string,
  forwardedFor: string | undefined,
) => { readonly address: string; readonly allowed: boolean };

/**
 * Finds the client as `createClientAddress` does. Where a trusted proxy says something that is no address, nobody knows
 * who the client is, and it is not taken for the proxy.
 */
export function createClientAllowance(
  trusted: readonly string[],
  allowed: readonly string[],
): ClientAllowance {
  const trace = createTrace(trusted);
  const isAllowed = createMatch(allowed);
  return (peer, forwardedFor) => {
    const { client, known } = trace(peer, forwardedFor);
    if (client === null) return { address: 'local', allowed: false };
    return { address: client.toString(), allowed: known && isAllowed(client) };
  };
}

interface Trace {
  /** `null`: the other end of a Unix socket, or of something that is not known. */
  readonly client: Address | null;
  /** All that trusted proxies said could be read. */
  readonly known: boolean;
}

function createTrace(trusted: readonly string[]): (peer: string, forwardedFor: string | undefined) => Trace {
  const isTrusted = createMatch(trusted);
  return (peer, forwardedFor) => {
    const hops = trusted.length === 0 || forwardedFor === undefined ? [] : forwardedFor.split(',');
    let client = parse(peer);
    // Whoever connects by what is neither an address nor a Unix socket has told nothing that could be believed.
    if (client === null && peer !== '') return { client, known: false };
    // Who can connect to a Unix socket is trusted like a proxy that is.
    while (client === null || isTrusted(client)) {
      const hop = hops.pop();
      if (hop === undefined) break;
      const next = parse(hop.trim());
      if (next === null) return { client, known: false };
      client = next;
    }
    return { client, known: true };
  };
}

function createMatch(cidrs: readonly string[]): (address: Address) => boolean {
  const networks = cidrs.map(toNetwork);
  return (address) =>
    networks.some((network) => address.kind() === network[0].kind() && address.match(network as never));
}

function toNetwork(cidr: string): Network {
  if (cidr.includes('/')) return ipaddr.parseCIDR(cidr) as Network;
  const address = ipaddr.process(cidr);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

// `process` reads an IPv4-mapped IPv6 address as the IPv4 address that it is. It also reads forms that are none here:
// `010.0.0.1` in octal, `10.1` filled up.
function parse(address: string): Address | null {
  return isIP(address) !== 0 && ipaddr.isValid(address) ? ipaddr.process(address) : null;
}

function identify(address: Address): string {
  if (address.kind() === 'ipv4') return address.toString();
  const parts = (address as ipaddr.IPv6).parts.slice(0, 4).map((part) => part.toString(16));
  return `${parts.join(':')}::/64`;
}
