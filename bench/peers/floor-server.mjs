import http from 'node:http';
import {
  ALLOWED_ORIGIN,
  RATE_LIMIT,
  RATE_WINDOW_MS,
  SERVICE_PATH,
  SESSION_COOKIE,
  SESSION_HEADER,
  TTL_SECONDS,
} from '../workload.mjs';

const [port, originUrl, authorityUrl] = process.argv.slice(2);

const SLOTS = 10;
const SLOT_MS = RATE_WINDOW_MS / SLOTS;
const SESSION_ID = /^[\w-]{1,128}$/;
const sessionHeader = SESSION_HEADER.toLowerCase();

const allowedOrigins = new Set([ALLOWED_ORIGIN]);
/** @type {Map<string, { slots: number[], newest: number, total: number }>} */
const counts = new Map();
/** @type {Map<string, number>} session id → expiry */
const sessions = new Map();
/** @type {Map<string, { status: number, contentType: string, length: string, body: Buffer, expiresAt: number }>} */
const responses = new Map();

http.createServer(answer).listen(Number(port), '127.0.0.1');
setInterval(forgetExpired, RATE_WINDOW_MS).unref();

function answer(request, response) {
  const { headers, method, url } = request;
  if (method !== 'GET') return refuse(response, 405, 'Method not allowed');
  if (!url.startsWith(`${SERVICE_PATH}/`)) return refuse(response, 404, 'No such service');
  const origin = headers.origin;
  if (!allowedOrigins.has(origin)) return refuse(response, 403, 'Origin not allowed');
  const id = headers[sessionHeader];
  if (id === undefined || !SESSION_ID.test(id)) return refuse(response, 401, 'Session required');
  const now = Date.now();
  if (!take(id, now)) return refuse(response, 429, 'Too many requests');
  const key = `${method} ${url}`;
  const stored = responses.get(key);
  if (sessions.get(id) > now && stored !== undefined && stored.expiresAt > now) {
    return send(response, stored, origin);
  }
  return answerAfterMiss(response, { id, key, path: url.slice(SERVICE_PATH.length), origin });
}

/** At most RATE_LIMIT requests in the last SLOTS slots. */
function take(id, now) {
  const slot = Math.floor(now / SLOT_MS);
  let count = counts.get(id);
  if (count === undefined) {
    count = { slots: new Array(SLOTS).fill(0), newest: slot, total: 0 };
    counts.set(id, count);
  } else if (count.newest !== slot) slide(count, slot);
  if (count.total >= RATE_LIMIT) return false;
  count.slots[slot % SLOTS] += 1;
  count.total += 1;
  return true;
}

function slide(count, slot) {
  const steps = Math.min(slot - count.newest, SLOTS);
  for (let step = 0; step < steps; step += 1) {
    const index = (slot - step) % SLOTS;
    count.total -= count.slots[index];
    count.slots[index] = 0;
  }
  count.newest = slot;
}

async function answerAfterMiss(response, { id, key, path, origin }) {
  try {
    if (!(await isValidSession(id))) return refuse(response, 401, 'Session required');
    send(response, await fetchStored(key, path), origin);
  } catch {
    refuse(response, 502, 'Origin failed');
  }
}

async function isValidSession(id) {
  if (sessions.get(id) > Date.now()) return true;
  const verdict = await fetch(authorityUrl, { headers: { Cookie: `${SESSION_COOKIE}=${id}` } });
  if (verdict.ok) sessions.set(id, Date.now() + TTL_SECONDS * 1000);
  return verdict.ok;
}

async function fetchStored(key, path) {
  const upstream = await fetch(originUrl + path);
  const body = Buffer.from(await upstream.arrayBuffer());
  const maxAge = /\bmax-age=(\d+)/.exec(upstream.headers.get('cache-control') ?? '')?.[1] ?? 0;
  const stored = {
    status: upstream.status,
    contentType: upstream.headers.get('content-type'),
    length: String(body.length),
    body,
    expiresAt: Date.now() + Number(maxAge) * 1000,
  };
  responses.set(key, stored);
  return stored;
}

function send(response, { status, contentType, length, body }, origin) {
  response.writeHead(status, [
    'Content-Type',
    contentType,
    'Content-Length',
    length,
    'Access-Control-Allow-Origin',
    origin,
    'Vary',
    'Origin',
  ]);
  response.end(body);
}

function refuse(response, status, error) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ error }));
}

function forgetExpired() {
  const now = Date.now();
  for (const [id, expiresAt] of sessions) if (expiresAt <= now) sessions.delete(id);
  for (const [key, { expiresAt }] of responses) if (expiresAt <= now) responses.delete(key);
  for (const [id, { newest }] of counts) if (newest + SLOTS < now / SLOT_MS) counts.delete(id);
}
