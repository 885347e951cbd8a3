import * as z from 'zod';
import { fields } from './fields.ts';
import { text, wholeNumber } from './scalars.ts';

const template = () =>
  text(
    (found) => found.startsWith('/') && found.split('{id}').length === 2,
    'a path of this server with {id} in it once, such as /api/anime/{id}',
  );

/** How stored responses are fetched ahead. */
export const warmSchema = z.strictObject({
  template: template().optional(),
  request_headers: fields().default({}),
  concurrency: wholeNumber('requests at once', 1, 64).default(4),
});
