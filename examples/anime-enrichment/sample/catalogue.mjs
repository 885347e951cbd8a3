// @ts-check
// Series that nobody has made: the same ones each time, so that two runs ask for the same.

/**
 * @typedef {object} Series
 * @property {number} id as MyAnimeList's, by which both origins know it
 * @property {string} romaji
 * @property {string} english
 * @property {number} year
 * @property {number} episodes
 * @property {string[]} genres
 * @property {{ name: string, rank: number }[]} tags
 * @property {string} synopsis
 * @property {number} score of 10
 * @property {number} scoredBy
 */

const FIRST = ['Aoi', 'Shiroi', 'Hoshi no', 'Kaze no', 'Mori no', 'Yoru no', 'Umi no', 'Hajimari no'];
const LAST = ['Tabibito', 'Toshokan', 'Eki', 'Niwa', 'Machi', 'Fune', 'Kissaten'];
const ENGLISH_FIRST = ['Blue', 'White', 'Starlit', 'Windward', 'Forest', 'Night', 'Sea', 'First'];
const ENGLISH_LAST = ['Traveller', 'Library', 'Station', 'Garden', 'Town', 'Ship', 'Café'];
const GENRES = ['Adventure', 'Comedy', 'Drama', 'Fantasy', 'Mystery', 'Slice of Life', 'Sci-Fi'];
const TAGS = ['Friendship', 'Time Skip', 'Rural', 'Trains', 'Found Family', 'Cooking', 'Robots', 'School'];
const SCENES = [
  'A librarian finds a letter that was never sent and follows its address across the country.',
  'Two friends keep a small station open although the last train went years ago.',
  'The crew of a weather ship looks for the island that each of them remembers differently.',
  'In a town without night a gardener grows flowers that open only in the dark.',
  'A robot cook learns the recipes of a village, and why some of them are secret.',
];
const FIRST_ID = 10_001;

/** @param {number} count @returns {Map<number, Series>} by id */
export function createCatalogue(count) {
  const series = Array.from({ length: count }, (_, index) => seriesOf(index));
  return new Map(series.map((each) => [each.id, each]));
}

/** @param {number} index @returns {Series} */
function seriesOf(index) {
  const season = Math.floor(index / (FIRST.length * LAST.length)) + 1;
  const ofSeason = season === 1 ? '' : ` ${season}`;
  return {
    id: FIRST_ID + index,
    romaji: `${at(FIRST, index)} ${at(LAST, index)}${ofSeason}`,
    english: `The ${at(ENGLISH_FIRST, index)} ${at(ENGLISH_LAST, index)}${ofSeason}`,
    year: 1995 + (index % 30),
    episodes: 12 + 12 * (index % 3),
    genres: [at(GENRES, index), at(GENRES, index + 3)],
    tags: [0, 3, 5].map((step) => ({
      name: at(TAGS, index + step),
      rank: 40 + ((index * 7 + step * 11) % 60),
    })),
    synopsis: `${at(SCENES, index)} ${at(SCENES, index + 2)}`,
    score: 5 + ((index * 37) % 450) / 100,
    scoredBy: 100 + ((index * 7919) % 90_000),
  };
}

/** @param {readonly string[]} texts @param {number} index */
function at(texts, index) {
  return /** @type {string} */ (texts[index % texts.length]);
}
