import fastify from 'fastify';
import { expect, it } from 'vitest';
import { noteRoutedMethods } from './routed-methods.ts';

it('knows the methods of a path', async () => {
  const server = fastify();
  const methodsOf = noteRoutedMethods(server);
  const handler = async () => '';
  server.get('/a', handler);
  server.post('/a', handler);
  server.delete('/a/:id', handler);
  server.get('/a/:id/b', handler);
  server.get('/files.d/*', handler);
  await server.ready();
  expect(methodsOf('/a')).toEqual(['GET', 'HEAD', 'OPTIONS', 'POST']);
  expect(methodsOf('/a/1')).toEqual(['DELETE', 'OPTIONS']);
  expect(methodsOf('/a/1/b')).toEqual(['GET', 'HEAD', 'OPTIONS']);
  expect(methodsOf('/files.d/x/y')).toEqual(['GET', 'HEAD', 'OPTIONS']);
  for (const path of ['/', '/b', '/a/', '/a/1/2', '/filesxd/x']) expect(methodsOf(path)).toEqual([]);
});
