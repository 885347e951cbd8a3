// RFC 9110 §8.8.3: an entity-tag is weak when it begins with W/, which is no part of what is compared.

const opaque = (tag: string) => tag.replace('W/', '');

export function isStrong(tag: string | undefined): tag is string {
  return tag !== undefined && !tag.startsWith('W/');
}

export function matchStrongly(one: string | undefined, other: string | undefined): boolean {
  return isStrong(one) && isStrong(other) && one === other;
}

export function matchWeakly(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && opaque(one) === opaque(other);
}
