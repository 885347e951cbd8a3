/** Gives Swagger UI's controls the names, and its parts the roles, that it leaves out (WCAG 2.2 AA). Runs in the page. */
export const PAGE_SCRIPT = `'use strict';
const NAMES = [
  ['.close-modal', () => 'Close'],
  ['.copy-to-clipboard button', () => 'Copy'],
  ['.body-param__text', () => 'Content of the request'],
  ['.examples-select-element', () => 'Example'],
  ['.parameters-col_description select, .parameters-col_description input', parameterOf],
  ['select.content-type', () => 'Media type'],
];
// The headings are those of a part of a page, and this is all of it.
const LEVELS = [
  ['h3.opblock-tag:not([aria-level])', '2'],
  ['.models > h4:not([aria-level])', '2'],
  ['.modal-ux-header h3:not([aria-level])', '2'],
  ['.modal-ux h4:not([aria-level])', '3'],
  ['.opblock h4:not([aria-level])', '3'],
  ['.opblock h5:not([aria-level])', '4'],
];
function parameterOf(control) {
  return control.closest('tr')?.getAttribute('data-param-name');
}
function mend() {
  const root = document.getElementById('swagger-ui');
  if (root.getAttribute('role') !== 'main') root.setAttribute('role', 'main');
  for (const [selector, nameOf] of NAMES) {
    for (const control of document.querySelectorAll(selector)) {
      if (control.hasAttribute('aria-label') || control.labels?.length > 0) continue;
      const name = nameOf(control);
      if (name) control.setAttribute('aria-label', name);
    }
  }
  // What the button shows is its name.
  for (const button of document.querySelectorAll('.modal-btn[aria-label]')) button.removeAttribute('aria-label');
  for (const text of document.querySelectorAll('pre.microlight:not([tabindex])')) text.tabIndex = 0;
  for (const [selector, level] of LEVELS) {
    for (const heading of document.querySelectorAll(selector)) heading.setAttribute('aria-level', level);
  }
  for (const table of document.querySelectorAll('table.responses-table[role=region]')) {
    const operation = table.closest('.opblock')?.id.replace(/^operations-/, '');
    table.setAttribute('aria-label', 'Responses of ' + operation);
  }
  const dialog = document.querySelector('.modal-ux:not([role])');
  if (dialog !== null) {
    dialog.setAttribute('role', 'dialog');
    dialog.setAttribute('aria-label', 'Authorization');
    (dialog.querySelector('input') ?? dialog.querySelector('button')).focus();
  }
}
addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') document.querySelector('.close-modal')?.click();
});
addEventListener('DOMContentLoaded', () => {
  mend();
  let isDue = false;
  const mendSoon = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      mend();
    });
  };
  new MutationObserver(mendSoon).observe(document.body, { childList: true, subtree: true });
});
`;
