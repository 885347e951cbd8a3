// @ts-check

/**
 * @typedef {import('./clients.mjs').JikanAnime} JikanAnime
 * @typedef {import('./clients.mjs').AniListMedia} AniListMedia
 *
 * @typedef {object} Enriched
 * @property {number} id
 * @property {string} title
 * @property {number | null} year
 * @property {number | null} score of 100: the mean of all voters of both
 * @property {string[]} themes genres of the one, and tags of the other that most agree on
 * @property {string[]} keywords of the synopsis
 */

const MIN_RANK = 60;
const KEYWORDS = 5;
const MIN_LENGTH = 5;

/**
 * What the two know together. Stands for what takes time: a model that is asked for a summary, an embedding, a match.
 *
 * @param {JikanAnime} anime
 * @param {AniListMedia} media
 * @returns {Enriched}
 */
export function enrich(anime, media) {
  const tags = media.tags.filter(({ rank }) => (rank ?? 0) >= MIN_RANK);
  return {
    id: anime.mal_id,
    title: anime.title_english ?? anime.title,
    year: anime.year,
    score: meanOf([
      { score: anime.score === null ? null : anime.score * 10, voters: anime.scored_by ?? 0 },
      { score: media.averageScore, voters: media.popularity ?? 0 },
    ]),
    themes: [...new Set([...anime.genres, ...tags].map(({ name }) => name))].sort(),
    keywords: keywordsOf(anime.synopsis ?? ''),
  };
}

/** @param {{ score: number | null, voters: number }[]} votes */
function meanOf(votes) {
  let sum = 0;
  let voters = 0;
  for (const vote of votes) {
    if (vote.score === null) continue;
    sum += vote.score * vote.voters;
    voters += vote.voters;
  }
  return voters === 0 ? null : Math.round((sum / voters) * 10) / 10;
}

/** The words that come most often, the longer first of those that come alike. @param {string} text */
function keywordsOf(text) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const [word] of text.toLowerCase().matchAll(/\p{L}+/gu)) {
    if (word.length >= MIN_LENGTH) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const words = [...counts].sort(
    ([a, times], [b, more]) => more - times || b.length - a.length || (a < b ? -1 : 1),
  );
  return words.slice(0, KEYWORDS).map(([word]) => word);
}
