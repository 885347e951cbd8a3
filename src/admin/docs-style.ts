/** What Swagger UI's colours lack of the contrast, and its controls of the marks, that all need (WCAG 2.2 AA). */
export const PAGE_STYLE = `
:root { --blue: #1a5fb4; --green: #1b6b3a; --red: #b3261e; --grey: #545a66; }
.swagger-ui a.link, .swagger-ui .info a, .swagger-ui .info .base-url, .swagger-ui .url,
.swagger-ui .renderedMarkdown a { color: var(--blue); }
.swagger-ui .renderedMarkdown code { color: #5b0aa8; }
.swagger-ui .info .title small { background: var(--grey); }
.swagger-ui .info .title small.version-stamp { background: var(--green); }
.swagger-ui .opblock.opblock-get .opblock-summary-method { background: var(--blue); }
.swagger-ui .opblock.opblock-post .opblock-summary-method { background: var(--green); }
.swagger-ui .opblock.opblock-delete .opblock-summary-method { background: var(--red); }
.swagger-ui .btn.authorize { color: var(--green); border-color: var(--green); }
.swagger-ui .btn.authorize svg { fill: var(--green); }
.swagger-ui .btn.cancel { color: var(--red); border-color: var(--red); }
.swagger-ui .btn.execute { background: var(--blue); border-color: var(--blue); }
.swagger-ui .download-contents, .swagger-ui .copy-to-clipboard { background: var(--grey); }
.swagger-ui .parameter__in, .swagger-ui .parameter__extension, .swagger-ui .prop-format,
.swagger-ui .json-schema-2020-12-expand-deep-button,
.swagger-ui .json-schema-2020-12__attribute--muted,
.swagger-ui .json-schema-2020-12-accordion__icon--muted { color: #4a4a4a; }
.swagger-ui .parameter__name.required > span, .swagger-ui .parameter__name.required::after,
.swagger-ui .opblock-section-header .required::after,
.swagger-ui .json-schema-2020-12-property--required > .json-schema-2020-12__title::after,
.swagger-ui .errors, .swagger-ui .error { color: var(--red); }
.swagger-ui .response-control-media-type__accept-message { color: var(--green); }
.swagger-ui .response-control-media-type--accept-controller select { border-color: var(--green); }
.swagger-ui .scheme-container { box-shadow: none; border-bottom: 1px solid #ccc; }
.swagger-ui button, .swagger-ui select, .swagger-ui .tab li button { min-height: 24px; min-width: 24px; }
.swagger-ui :focus-visible { outline: 3px solid #000; outline-offset: 2px; box-shadow: 0 0 0 2px #fff; }
@media (prefers-reduced-motion: reduce) { .swagger-ui * { animation: none !important; transition: none !important; } }
`;
