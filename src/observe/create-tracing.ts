import {
  type Attributes,
  context,
  createContextKey,
  ProxyTracerProvider,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Authority } from '../session/authority.ts';
import type { MaybePromise } from '../store/store.ts';
import { outcomeWord } from './outcome-word.ts';
import { fieldsOf, parentOf } from './trace-context.ts';
import type { Tracing, TracingOptions } from './tracing.ts';

/** What is known of a request so far, beside its span. */
interface UnderWay {
  readonly span: Span;
  /** What the client was answered, where that is not what was meant for it. */
  status: number | null;
  /** Why there is no better answer. */
  error: string | null;
}

const UNDER_WAY = createContextKey('cachegate.request');

// The semantic conventions of HTTP: any other would make names without bound.
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'];
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/** `null`: no SDK is registered. By the names of OpenTelemetry's semantic conventions of HTTP 1.23 and later. */
export function createTracing({ version, routeOf }: TracingOptions): Tracing | null {
  const tracer = registeredTracer(version);
  if (tracer === null) return null;

  return {
    observer: {
      requestAnswered(service, status, answered) {
        const underWay = context.active().getValue(UNDER_WAY) as UnderWay | undefined;
        if (underWay === undefined) return;
        const { span } = underWay;
        const { outcome, method } = answered;
        underWay.status = status;
        underWay.error = outcome !== null && status >= 500 ? (outcome.detail ?? null) : null;
        const route = routeOf?.(service);
        if (route !== undefined) span.updateName(`${nameOf(method)} ${route}`);
        span.setAttributes({
          ...(route !== undefined && { 'http.route': route }),
          'cachegate.service': service,
          'cachegate.outcome': outcomeWord(outcome),
          'cachegate.correlation_id': answered.correlationId(),
          ...(outcome !== null && { 'cachegate.cache_key': answered.cacheKey }),
          ...(outcome?.hit === false && outcome.collapsed === true && { 'cachegate.collapsed': true }),
        });
      },
    },

    request(made, request, answer) {
      const { parent, isLocal } = parentOf(request);
      const { method, target } = request;
      const kind = made === 'made' || isLocal ? SpanKind.INTERNAL : SpanKind.SERVER;
      const attributes = { ...methodAttributes(method), 'url.path': pathOf(target) };
      const span = tracer.startSpan(nameOf(method), { kind, attributes }, parent);
      const underWay: UnderWay = { span, status: null, error: null };
      const own = trace.setSpan(parent, span).setValue(UNDER_WAY, underWay);
      return context.with(own, () => ending(underWay, answer));
    },

    async exchange({ service, method, url }, ask) {
      const attributes = {
        ...methodAttributes(method),
        'server.address': url.hostname,
        'server.port': portOf(url),
        'url.path': url.pathname,
        'cachegate.service': service,
      };
      return during(tracer, nameOf(method), attributes, async (span) => {
        const response = await ask(fieldsOf(span));
        const { status } = response;
        span.setAttribute('http.response.status_code', status);
        if (status >= 400) fail(span, String(status));
        return response;
      });
    },

    authority: (authority) => tracedAuthority(authority, tracer),
  };
}

/** The tracer of a provider that was registered: without one, a proxy stands in its place that has none to give. */
function registeredTracer(version: string): Tracer | null {
  const provider = trace.getTracerProvider();
  const isProxy = provider instanceof ProxyTracerProvider;
  if (isProxy) return provider.getDelegateTracer('cachegate', version) ?? null;
  return provider.getTracer('cachegate', version);
}

function tracedAuthority(authority: Authority, tracer: Tracer): Authority {
  const { name } = authority;
  return {
    ...authority,
    validate: (session, correlationId) =>
      during(tracer, `validate ${name}`, { 'cachegate.authority': name }, async (span) => {
        const validation = await authority.validate(session, correlationId, fieldsOf(span));
        const { verdict } = validation;
        span.setAttribute('cachegate.verdict', verdict);
        if (verdict === 'unavailable') fail(span, verdict);
        return validation;
      }),
  };
}

/** A span of what another system is asked. */
async function during<T>(
  tracer: Tracer,
  name: string,
  attributes: Attributes,
  ask: (span: Span) => Promise<T>,
): Promise<T> {
  const parent = context.active();
  const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), () => ask(span));
  } catch (error) {
    fail(span, kindOf(error));
    throw error;
  } finally {
    span.end();
  }
}

function ending<T extends { readonly status: number }>(
  underWay: UnderWay,
  answer: () => MaybePromise<T>,
): MaybePromise<T> {
  const answered = (result: T) => {
    const { span, error } = underWay;
    const status = underWay.status ?? result.status;
    span.setAttribute('http.response.status_code', status);
    if (status >= 500) fail(span, error ?? String(status));
    span.end();
    return result;
  };
  const failed = (error: unknown): never => {
    fail(underWay.span, kindOf(error));
    underWay.span.end();
    throw error;
  };
  try {
    const result = answer();
    return result instanceof Promise ? result.then(answered, failed) : answered(result);
  } catch (error) {
    return failed(error);
  }
}

/** By its kind alone: a message may hold what it was about. */
function fail(span: Span, kind: string): void {
  span.setAttribute('error.type', kind);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function kindOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  for (const each of [error, cause]) {
    const code = (each as { code?: unknown } | undefined)?.code;
    if (typeof code === 'string') return code;
  }
  return error instanceof Error ? error.name : '_OTHER';
}

function nameOf(method: string): string {
  return KNOWN_METHODS.has(method) ? method : 'HTTP';
}

function methodAttributes(method: string): Attributes {
  return { 'http.request.method': KNOWN_METHODS.has(method) ? method : '_OTHER' };
}

// Of an absolute-form too (RFC 9112 §3.2.2), whose authority may hold what it should not.
function pathOf(target: string): string {
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0]!;
  return path === '' ? '/' : path;
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}
