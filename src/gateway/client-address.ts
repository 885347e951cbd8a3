import ipaddr from 'ipaddr.js';

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Finds the client's address: the peer's own, or, as long as the peer is a trusted proxy, the last one in
 * `X-Forwarded-For` that is not. What stands left of an untrusted address is anybody's claim and is not read.
 * IPv6 addresses are cut to their /64, since one customer usually holds all of it.
 */
export type ClientAddress = (peer: string, forwardedFor: string | undefined) => string;

/** @param trusted addresses and CIDRs, valid ones. */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const networks = trusted.map(toNetwork);
  const isTrusted = (address: ipaddr.IPv4 | ipaddr.IPv6) =>
    networks.some((network) => address.kind() === network[0].kind() && address.match(network as never));

  return (peer, forwardedFor) => {
    const hops = networks.length === 0 || forwardedFor === undefined ? [] : forwardedFor.split(',');
    let client = parse(peer);
    // Who can connect to a Unix socket is trusted like a proxy that is.
    while (client === null || isTrusted(client)) {
      const hop = hops.pop();
      const next = hop === undefined ? null : parse(hop.trim());
      if (next === null) break;
      client = next;
    }
    return client === null ? 'local' : identify(client);
  };
}

function toNetwork(cidr: string): Network {
  if (cidr.includes('/')) return ipaddr.parseCIDR(cidr) as Network;
  const address = ipaddr.process(cidr);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

// `process` reads an IPv4-mapped IPv6 address as the IPv4 address that it is.
function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  return ipaddr.isValid(address) ? ipaddr.process(address) : null;
}

function identify(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  if (address.kind() === 'ipv4') return address.toString();
  const parts = (address as ipaddr.IPv6).parts.slice(0, 4).map((part) => part.toString(16));
  return `${parts.join(':')}::/64`;
}
