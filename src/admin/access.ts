import type { FastifyReply, FastifyRequest } from 'fastify';
import { peerAddress } from '../listen/peer-address.ts';
import { createTokenCheck, type TokenCheck } from './admin-token.ts';
import { isFromForeignPage } from './foreign-page.ts';
import { isOwnHost } from './own-host.ts';
import { sendProblem } from './problem.ts';

export interface AccessOptions {
  /** `null`: whoever reaches the address may. */
  readonly token: string | null;
  /** The name or address of `admin_listen`; `null`: it has none. */
  readonly host: string | null;
  /** Told of each request that was refused; `address`: the peer's; `undefined` for a Unix socket. */
  readonly refused?: ((reason: string, address: string | undefined) => void) | undefined;
}

/** Whom a route is for. */
type Audience =
  /** Whoever asks: whether the process lives. */
  | 'anyone'
  /** Monitoring, which may come by any name that leads here, and has the token where there is one. */
  | 'monitoring'
  /** A reader of what could be asked for, which is the same everywhere. */
  | 'reader'
  | 'operator';

/** Lets a request through, or has answered it: then `true`. */
export type Access = (request: FastifyRequest, reply: FastifyReply) => boolean;

/** Who may ask for what: by token, by `Host` where there is none, and never for a page of somebody else's. */
export function createAccess({ token, host, refused }: AccessOptions): Access {
  const check = token === null ? null : createTokenCheck(token);

  function refuse(request: FastifyRequest, reply: FastifyReply, status: number, detail: string): true {
    refused?.(detail, peerAddress(request.raw.socket) || undefined);
    sendProblem(reply, status, detail);
    return true;
  }

  function lacksToken(tokens: TokenCheck, request: FastifyRequest, reply: FastifyReply): boolean {
    const verdict = tokens.check(request.headers.authorization, peerAddress(request.raw.socket));
    switch (verdict.kind) {
      case 'right':
        return false;
      case 'held':
        reply.header('Retry-After', String(verdict.retryAfterSeconds));
        return refuse(request, reply, 429, HELD);
      default:
        reply.header('WWW-Authenticate', verdict.kind === 'wrong' ? CHALLENGE_WRONG : CHALLENGE);
        return refuse(request, reply, 401, verdict.kind === 'wrong' ? WRONG : MISSING);
    }
  }

  return (request, reply) => {
    const audience = audienceOf(request.routeOptions.url);
    if (audience === 'anyone') return false;
    if (isFromForeignPage(request.method, request.headers)) return refuse(request, reply, 403, FOREIGN);
    if (check !== null) return audience !== 'reader' && lacksToken(check, request, reply);
    if (audience === 'monitoring' || isOwnHost(request.headers.host, host)) return false;
    return refuse(request, reply, 403, OTHER_HOST);
  };
}

const OPEN: Readonly<Record<string, Audience>> = {
  '/healthz': 'anyone',
  '/readyz': 'anyone',
  '/metrics': 'monitoring',
  '/openapi.json': 'reader',
};

function audienceOf(route: string | undefined): Audience {
  if (route === undefined) return 'operator';
  if (route === '/docs' || route.startsWith('/docs/')) return 'reader';
  return Object.hasOwn(OPEN, route) ? OPEN[route]! : 'operator';
}

const CHALLENGE = 'Bearer realm="cachegate"';
const CHALLENGE_WRONG = `${CHALLENGE}, error="invalid_token"`;
const MISSING = 'The token is missing: Authorization: Bearer TOKEN, with admin_token of the configuration';
const WRONG = 'The token is wrong: it is admin_token of the configuration';
const HELD = 'Too many wrong tokens came from this address';
const FOREIGN = 'The request comes from a page of another web origin';
const OTHER_HOST = 'The Host of the request is a name that anybody could point here';
