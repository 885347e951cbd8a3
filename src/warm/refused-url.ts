import type { TargetRefusal } from '../http/request-target.ts';

/** Why no request can have a URL, for people. */
export function refusedUrl(reason: TargetRefusal): string {
  return `the URL is refused: ${WORDS[reason]}`;
}

/** The same of what a template has made of an id that is good in itself. */
export function refusedId(reason: TargetRefusal): string {
  return reason === 'encoded-separator' ? SEPARATOR : refusedUrl(reason);
}

const SEPARATOR =
  'an id with / or \\ in it can not stand in the path of a template, only in its query: name the whole URL under urls';

const WORDS: Readonly<Record<TargetRefusal, string>> = {
  form: 'it begins neither with / nor with http: or https: and a host',
  authority: 'its host can not be read, or a user is named before it',
  'forbidden-character':
    'it has a space, a control character, or one that is not ASCII, which is to be percent-encoded',
  fragment: 'it has a # in it, which is to be left out with what follows, or percent-encoded',
  backslash: 'its path has a \\ in it',
  'encoded-nul': 'its path has %00 in it',
  'encoded-separator': 'its path has %2F or %5C in it, which servers read in two ways',
  'percent-encoding': 'its path has a % in it without two hexadecimal digits behind it',
  'dot-segment': 'its path has . or .. as a segment',
  'empty-segment': 'its path has // in it',
};
