import type { FastifyInstance } from 'fastify';
import { PAGE_SCRIPT } from './docs-script.ts';
import { PAGE_STYLE } from './docs-style.ts';

// The page's own files, and nothing else: no other host, no inline script, no frame around it.
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:"],
  ...["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

/** The page shows commands for curl, with the token in them. Runs in the page. */
const withoutCommands = () => ({ components: { curl: () => null, RequestSnippets: () => null } });

/** The page at `/docs/`, which shows the OpenAPI document and tries its operations out. */
export async function addDocsPage(server: FastifyInstance): Promise<void> {
  const { default: swaggerUi } = await import('@fastify/swagger-ui');
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: POLICY,
    uiConfig: {
      // Without the bar that loads other documents, and without links inside of buttons.
      layout: 'BaseLayout',
      deepLinking: false,
      syntaxHighlight: false,
      plugins: [withoutCommands],
      docExpansion: 'list',
      displayRequestDuration: true,
      // A token is forgotten when the page is left.
      persistAuthorization: false,
      validatorUrl: null,
    },
    theme: {
      title: 'cachegate: the admin address',
      css: [{ filename: 'admin.css', content: PAGE_STYLE }],
      js: [{ filename: 'admin.js', content: PAGE_SCRIPT }],
    },
  });
}
