/** All that the page says. */
export const TEXTS = {
  language: 'en',
  title: 'A counter of your own',
  titleOfError: 'Error – A counter of your own',
  greeting: (/** @type {string} */ user) => `Logged in as ${user}`,
  nobody: 'Not logged in',
  user: 'User name',
  password: 'Password',
  hint: 'Both are “demo”.',
  logIn: 'Log in',
  logOut: 'Log out',
  count: (/** @type {number} */ count) => `Counted ${count} ${count === 1 ? 'time' : 'times'}`,
  countMore: 'Count',
  wrong: 'User name or password is wrong.',
  degraded:
    'Degraded mode: the store is away. If you are logged in, you stay so; counting and logging in have to wait.',
  unavailable:
    'The store is away, and who you are can’t be checked without it. You are not logged out: please try again soon.',
  notStored: 'That could not be stored, for the store is away. Please try again soon.',
};
