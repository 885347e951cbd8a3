import { isIP } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SessionInfo, Sessions, SessionsStatus } from '../session/own/session.ts';
import { sendProblem } from './problem.ts';

/** Own sessions, for an operator. */
export interface AdminSessions extends Pick<Sessions, 'list' | 'end' | 'endAll'> {
  status(): SessionsStatus | Promise<SessionsStatus>;
}

const MAX_USER_LENGTH = 256;
const MAX_CURSOR_LENGTH = 1_024;

type Query = { readonly [name: string]: unknown };

/** `GET /sessions`, `DELETE /sessions?user=…` and `DELETE /sessions/{reference}`. */
export function addSessionRoutes(
  server: FastifyInstance,
  sessions: AdminSessions,
  host: string | null,
): void {
  const guard = async (request: FastifyRequest, reply: FastifyReply) => {
    if (isOwnHost(request.headers.host, host)) return;
    await sendProblem(reply, 403, 'The Host of the request is a name that anybody could point here');
  };

  server.get('/sessions', { preHandler: guard }, async (request, reply) => {
    const { user, cursor, ...rest } = request.query as Query;
    const unknown = Object.keys(rest)[0];
    if (unknown !== undefined) return sendProblem(reply, 400, 'Known parameters are user and cursor');
    if (user !== undefined && !isText(user, MAX_USER_LENGTH)) return sendProblem(reply, 400, NOT_A_USER);
    if (cursor !== undefined && !isText(cursor, MAX_CURSOR_LENGTH)) {
      return sendProblem(reply, 400, 'cursor is what an earlier answer gave');
    }
    const part = await sessions.list(user ?? null, cursor ?? null);
    const answer = { sessions: part.sessions.map(shown), cursor: part.cursor };
    return reply.header('Cache-Control', 'no-store').send(answer);
  });

  server.delete('/sessions', { preHandler: guard }, async (request, reply) => {
    const { user, ...rest } = request.query as Query;
    if (Object.keys(rest).length > 0) return sendProblem(reply, 400, 'The known parameter is user');
    if (!isText(user, MAX_USER_LENGTH)) return sendProblem(reply, 400, NOT_A_USER);
    return reply.send({ ended: await sessions.endAll(user) });
  });

  server.delete('/sessions/:reference', { preHandler: guard }, async (request, reply) => {
    const { reference } = request.params as { reference: string };
    if (await sessions.end(reference)) return reply.code(204).send();
    return sendProblem(reply, 404, 'No session has this reference');
  });
}

const NOT_A_USER = `user is a text of 1 to ${MAX_USER_LENGTH} characters`;

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxLength;
}

function shown({ reference, user, roles, createdAt, seenAt, expiresAt }: SessionInfo) {
  const at = (instant: number) => new Date(instant).toISOString();
  return {
    reference,
    user,
    roles,
    createdAt: at(createdAt),
    seenAt: at(seenAt),
    expiresAt: at(expiresAt),
  };
}

const PRIVATE_NAME = /^(?:[^.]+|.+\.(?:localhost|local|internal))$/;

/**
 * Whether a request was meant for this server. A page on the web can have its own name lead to a loopback address (DNS
 * rebinding), and read and change what its visitor's machine lets it: addresses and names of private networks can't be had
 * by it.
 */
function isOwnHost(field: string | undefined, configured: string | null): boolean {
  if (field === undefined || !URL.canParse(`http://${field}`)) return false;
  const { hostname } = new URL(`http://${field}`);
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) !== 0 || bare === configured || PRIVATE_NAME.test(bare);
}
