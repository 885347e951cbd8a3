/** The texts of the gate's own errors, by status; people read them, programs read the status. */
export const TEXTS = {
  400: 'Bad request',
  401: 'Invalid or expired session',
  403: 'Origin not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  429: 'Too many requests',
  500: 'Internal server error',
  502: 'The origin could not be reached',
  503: 'The session can not be checked now',
  504: 'The origin did not answer in time',
} as const;

export const ONLY_IF_CACHED = 'No stored response, and the request asked for nothing else';
export const ORIGIN_HOLDS_OFF = 'The origin asks for a pause';
export const ORIGIN_BUDGET_SPENT = 'The origin may not be asked more often now';
