import type { FastifyInstance, FastifyReply } from 'fastify';
import type { WarmReport, WarmRequest } from '../warm/warm-job.ts';
import { answeredInTime } from './answered-in-time.ts';
import { jsonAnswer, listOf, NO_PARAMETERS, objectOf } from './documented.ts';
import type { Operations } from './operations.ts';
import { sendProblem } from './problem.ts';
import { LARGE_CONTENT } from './request-content.ts';
import { addWarmEvents } from './warm-events.ts';
import { IDS, REPORT, REPORT_EXAMPLE, SHORT_FORM, WARM_REQUEST } from './warm-schemas.ts';

type Jobs = Operations['warm'];

/** `POST` and `GET /warm`, `GET` and `DELETE /warm/{id}`, its events, and `POST /warm-cache`. */
export function addWarmRoutes(server: FastifyInstance, jobs: Jobs): void {
  server.addSchema({ $id: 'WarmReport', ...REPORT });

  const start = async (request: WarmRequest, reply: FastifyReply) => {
    const report = await answeredInTime(jobs.start(request));
    return reply.code(202).header('Location', `/warm/${report.id}`).send(report);
  };
  server.post('/warm', { schema: START, bodyLimit: LARGE_CONTENT }, async ({ body }, reply) =>
    start(body as WarmRequest, reply),
  );
  server.post('/warm-cache', { schema: START_SHORT, bodyLimit: LARGE_CONTENT }, async ({ body }, reply) =>
    start({ ids: idsOf(body as readonly unknown[] | { readonly ids: readonly unknown[] }) }, reply),
  );
  server.get('/warm', { schema: LIST }, async () => ({ jobs: await answeredInTime(jobs.list()) }));

  const found = (report: WarmReport | null, reply: FastifyReply) =>
    report === null ? sendProblem(reply, 404, NO_JOB) : reply.send(report);
  server.get('/warm/:id', { schema: ONE }, async ({ params }, reply) =>
    found(await answeredInTime(jobs.report((params as Named).id)), reply),
  );
  server.delete('/warm/:id', { schema: CANCEL }, async ({ params }, reply) =>
    found(await answeredInTime(jobs.cancel((params as Named).id)), reply),
  );
  addWarmEvents(server, jobs, { ...PARAMS, tags: TAGS });
}

interface Named {
  readonly id: string;
}

function idsOf(body: readonly unknown[] | { readonly ids: readonly unknown[] }): readonly unknown[] {
  return Array.isArray(body) ? body : (body as { readonly ids: readonly unknown[] }).ids;
}

const NO_JOB = 'No job has this id';
const TAGS = ['Warming'];
const PARAMS = { querystring: NO_PARAMETERS, params: objectOf({ id: IDS.job }) };
const report = (description: string) => jsonAnswer(description, { $ref: 'WarmReport#' }, REPORT_EXAMPLE);
const started = {
  ...report('It is started'),
  headers: { Location: { type: 'string', description: 'Its address' } },
};

const START = {
  operationId: 'warm',
  summary: 'Starts to fetch responses ahead',
  description:
    "In the background, within each origin's budget. A bad id or URL fails alone, and one named twice is fetched once.",
  tags: TAGS,
  querystring: NO_PARAMETERS,
  body: WARM_REQUEST,
  response: { 202: started },
};

const START_SHORT = {
  operationId: 'warmCache',
  summary: 'The short form: ids alone, put into the template of the configuration',
  tags: TAGS,
  querystring: NO_PARAMETERS,
  body: SHORT_FORM,
  response: { 202: started },
};

const LIST = {
  operationId: 'warmJobs',
  summary: 'The jobs of the last days, the newest first',
  tags: TAGS,
  querystring: NO_PARAMETERS,
  response: {
    200: jsonAnswer('100 at most', objectOf({ jobs: listOf({ $ref: 'WarmReport#' }, 'The jobs') }), {
      jobs: [REPORT_EXAMPLE],
    }),
  },
};

const ONE = {
  operationId: 'warmJob',
  summary: 'How a job stands',
  tags: TAGS,
  ...PARAMS,
  response: { 200: report('How it stands') },
};

const CANCEL = {
  operationId: 'cancelWarmJob',
  summary: 'Ends a job',
  description: 'Within a second, whichever process is at it. What is under way may end.',
  tags: TAGS,
  ...PARAMS,
  response: { 200: report('How it stands') },
};
