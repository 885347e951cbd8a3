import type { FastifyInstance } from 'fastify';

/** The methods that some route takes a path by; empty where there is no such path. */
export type RoutedMethods = (path: string) => readonly string[];

/** Notes the routes that are added after it. */
export function noteRoutedMethods(server: FastifyInstance): RoutedMethods {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  server.addHook('onRoute', ({ url, method }) => {
    routes.push({ pattern: patternOf(url), methods: [method].flat() });
  });
  return (path) => {
    const found = routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
    return found.length === 0 ? [] : [...new Set([...found, 'OPTIONS'])].sort();
  };
}

// A parameter is one segment, and a star is the rest, as the router has them.
function patternOf(url: string): RegExp {
  const literal = url.replace(/[.+?^$()[\]{}|\\]/g, '\\$&');
  return new RegExp(`^${literal.replace(/:[^/]+/g, '[^/]+').replaceAll('*', '.*')}$`);
}
