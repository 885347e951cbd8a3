import { createHash } from 'node:crypto';
import { TEXTS } from './texts.mjs';

// Contrast is 7:1 or more, what is pressed is 44 pixels high, and the focus is seen (WCAG 2.2 AA).
const STYLE = `
  :root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
    --ink: #1a1a1a; --paper: #fff; --edge: #595959; --action: #003d99;
    --mark: #8a3800; --marked: #fff4e5; --wrong: #a3000b; --wronged: #fdecec; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #f2f2f2; --paper: #16181d; --edge: #b3b3b3; --action: #a8c7ff;
      --mark: #ffb86b; --marked: #33240f; --wrong: #ffa8a8; --wronged: #3d1719; }
  }
  body { margin: 0 auto; max-width: 36rem; padding: 1.5rem; }
  h1 { line-height: 1.25; }
  label { display: block; font-weight: 600; margin: 1rem 0 .5rem; }
  input { font: inherit; color: inherit; background: var(--paper); width: 100%; box-sizing: border-box;
    min-height: 2.75rem; padding: 0 .75rem; border: 2px solid var(--edge); border-radius: .25rem; }
  button { font: inherit; font-weight: 600; min-height: 2.75rem; min-width: 7rem; margin-top: 1rem; padding: 0 1.25rem;
    color: var(--paper); background: var(--action); border: 2px solid var(--action); border-radius: .25rem;
    cursor: pointer; }
  button.second { color: var(--action); background: var(--paper); }
  :focus-visible { outline: 3px solid var(--mark); outline-offset: 3px; }
  .notice, .error { padding: .75rem 1rem; border-left: .375rem solid var(--mark); background: var(--marked); }
  .error { border-color: var(--wrong); background: var(--wronged); }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Fields of every page: it runs no script, is framed by nobody, and is for this visitor alone. */
export const PAGE_FIELDS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': `default-src 'none'; img-src data:; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * @typedef {object} Shown
 * @property {string | null} user who has logged in
 * @property {boolean} [unknown] who it is can't be said now
 * @property {string} [tried] the user name of a login that was refused
 * @property {number | null} count `null`: not known
 * @property {string | null} notice what everybody should know
 * @property {string | null} error why what was asked for is not done
 */

/** @param {Shown} shown */
export function renderPage({ user, unknown = false, tried = '', count, notice, error }) {
  return `<!doctype html>
<html lang="${TEXTS.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${encode(error === null ? TEXTS.title : TEXTS.titleOfError)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${encode(TEXTS.title)}</h1>
${notice === null ? '' : `<p class="notice" role="status" id="notice">${encode(notice)}</p>`}
${unknown ? '' : `<p id="who">${encode(user === null ? TEXTS.nobody : TEXTS.greeting(user))}</p>`}
${user === null && !unknown ? loginForm(tried, error) : counter(unknown ? null : count, error)}
</main>
</body>
</html>
`;
}

/**
 * What was typed is not asked for again, but for the password. The focus goes to where the error is read out.
 *
 * @param {string} tried
 * @param {string | null} error
 */
function loginForm(tried, error) {
  const described = error === null ? 'hint' : 'error hint';
  const focus = error === null ? '' : ' autofocus';
  return `${errorText(error)}
<form method="post" action="/login">
<label for="user">${encode(TEXTS.user)}</label>
<input id="user" name="user" value="${encode(tried)}" autocomplete="username" autocapitalize="none" required aria-describedby="${described}"${focus}>
<label for="password">${encode(TEXTS.password)}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required aria-describedby="${described}">
<p id="hint">${encode(TEXTS.hint)}</p>
<button>${encode(TEXTS.logIn)}</button>
</form>`;
}

/**
 * @param {number | null} count
 * @param {string | null} error
 */
function counter(count, error) {
  const counting = `<p id="count" role="status">${encode(TEXTS.count(count ?? 0))}</p>
<form method="post" action="/count"><button>${encode(TEXTS.countMore)}</button></form>`;
  return `${errorText(error)}
${count === null ? '' : counting}
<form method="post" action="/logout"><button class="second">${encode(TEXTS.logOut)}</button></form>`;
}

/** @param {string | null} error */
function errorText(error) {
  return error === null ? '' : `<p class="error" role="alert" id="error">${encode(error)}</p>`;
}

/** @param {string} text */
function encode(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
