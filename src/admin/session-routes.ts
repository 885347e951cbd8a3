import type { FastifyInstance } from 'fastify';
import type { SessionInfo, Sessions, SessionsStatus } from '../session/own/session.ts';
import { answeredInTime } from './answered-in-time.ts';
import {
  count,
  instant,
  jsonAnswer,
  listOf,
  NO_PARAMETERS,
  objectOf,
  text,
  textOrNull,
} from './documented.ts';
import { sendProblem } from './problem.ts';

/** Own sessions, for an operator. */
export interface AdminSessions extends Pick<Sessions, 'list' | 'end' | 'endAll'> {
  status(): SessionsStatus | Promise<SessionsStatus>;
}

interface Query {
  readonly user?: string;
  readonly cursor?: string;
}

/** `GET /sessions`, `DELETE /sessions?user=…` and `DELETE /sessions/{reference}`. */
export function addSessionRoutes(server: FastifyInstance, sessions: AdminSessions): void {
  server.addSchema({ $id: 'Session', ...SESSION });

  server.get('/sessions', { schema: LIST }, async (request) => {
    const { user, cursor } = request.query as Query;
    const part = await answeredInTime(sessions.list(user ?? null, cursor ?? null));
    return { sessions: part.sessions.map(shown), cursor: part.cursor };
  });

  server.delete('/sessions', { schema: END_ALL }, async (request) => {
    const { user } = request.query as Required<Query>;
    return { ended: await answeredInTime(sessions.endAll(user)) };
  });

  server.delete('/sessions/:reference', { schema: END }, async (request, reply) => {
    const { reference } = request.params as { reference: string };
    if (await answeredInTime(sessions.end(reference))) return reply.code(204).send();
    return sendProblem(reply, 404, 'No session has this reference');
  });
}

function shown({ reference, user, roles, createdAt, seenAt, expiresAt }: SessionInfo) {
  const at = (moment: number) => new Date(moment).toISOString();
  return {
    reference,
    user,
    roles,
    createdAt: at(createdAt),
    seenAt: at(seenAt),
    expiresAt: at(expiresAt),
  };
}

const USER = { type: 'string', minLength: 1, maxLength: 256 };
const CURSOR = { type: 'string', minLength: 1, maxLength: 1_024 };

const SESSION = objectOf({
  reference: text('Its name for the operator; of no use as its id'),
  user: textOrNull('Whose it is; null: nobody has logged in'),
  roles: listOf({ type: 'string' }, 'Of the user'),
  createdAt: instant('When it began'),
  seenAt: instant('When a request came with it, about'),
  expiresAt: instant('When it ends if none comes'),
});

const EXAMPLE = {
  sessions: [
    {
      ...{ reference: '3q2-7wAAAAAAAAAAAAAAAA', user: 'ann', roles: ['editor'] },
      ...{ createdAt: '2026-01-01T12:00:00.000Z', seenAt: '2026-01-01T12:10:00.000Z' },
      expiresAt: '2026-01-01T12:40:00.000Z',
    },
  ],
  cursor: null,
};

const TAGS = ['Sessions'];

const LIST = {
  operationId: 'sessions',
  summary: 'Own sessions, a part at a time',
  tags: TAGS,
  querystring: {
    type: 'object',
    properties: {
      user: { ...USER, description: 'Whose; without it, all' },
      cursor: { ...CURSOR, description: 'Where to go on: what the answer before has given' },
    },
    additionalProperties: false,
  },
  response: {
    200: jsonAnswer(
      'A part of them',
      objectOf({
        sessions: listOf({ $ref: 'Session#' }, 'The sessions'),
        cursor: textOrNull('null: this is the last part'),
      }),
      EXAMPLE,
    ),
  },
};

const END_ALL = {
  operationId: 'endSessionsOfUser',
  summary: "Ends all of a user's sessions, in every process",
  tags: TAGS,
  querystring: {
    type: 'object',
    properties: { user: { ...USER, description: 'Whose' } },
    required: ['user'],
    additionalProperties: false,
  },
  response: { 200: jsonAnswer('They are ended', objectOf({ ended: count('So many') }), { ended: 2 }) },
};

const END = {
  operationId: 'endSession',
  summary: 'Ends one session, in every process',
  tags: TAGS,
  querystring: NO_PARAMETERS,
  params: objectOf({ reference: { type: 'string', description: 'As the list has it' } }),
  response: { 204: { type: 'null', description: 'It is ended' } },
};
