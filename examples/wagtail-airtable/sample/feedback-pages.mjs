// @ts-check

/**
 * @typedef {object} SitePage a page that people give feedback on, and the words they use about it
 * @property {string} path
 * @property {string} task what they came to do, after "to"
 * @property {string} document what they had to fill in or bring
 * @property {string} office who they would have called
 * @property {string} detail a fact they looked for
 */

/** @type {readonly SitePage[]} */
export const SITE_PAGES = [
  {
    path: '/parking/resident-permits',
    task: 'renew my resident parking permit',
    document: 'the permit renewal form',
    office: 'the parking office',
    detail: 'how much a second permit costs',
  },
  {
    path: '/taxes/property-tax/pay-online',
    task: 'pay my property tax in two installments',
    document: 'the installment form',
    office: 'the assessor’s office',
    detail: 'the date of the second installment',
  },
  {
    path: '/vital-records/birth-certificates',
    task: 'order a copy of my daughter’s birth certificate',
    document: 'the notarized request form',
    office: 'the registrar',
    detail: 'how long delivery takes',
  },
  {
    path: '/waste/bulky-items',
    task: 'book a pick-up for an old sofa',
    document: 'the pick-up request form',
    office: 'the sanitation department',
    detail: 'whether mattresses are collected',
  },
  {
    path: '/housing/rent-assistance/apply',
    task: 'apply for rent assistance',
    document: 'the landlord statement',
    office: 'the housing help line',
    detail: 'the income limit for a family of four',
  },
  {
    path: '/libraries/cards',
    task: 'replace my lost library card',
    document: 'the residency form',
    office: 'the Mill Street branch',
    detail: 'what a new card costs',
  },
  {
    path: '/schools/enrollment',
    task: 'enroll my son in first grade',
    document: 'the immunization form',
    office: 'the enrollment center',
    detail: 'which school our street belongs to',
  },
  {
    path: '/licenses/business/renew',
    task: 'renew the license of my bakery',
    document: 'the gross receipts statement',
    office: 'the licensing desk',
    detail: 'the fee for a business with three employees',
  },
  {
    path: '/health/vaccinations/appointments',
    task: 'book flu shots for my parents',
    document: 'the consent form',
    office: 'the clinic',
    detail: 'which clinics take walk-ins',
  },
  {
    path: '/permits/building/fences',
    task: 'get a permit for a six-foot fence',
    document: 'the site plan template',
    office: 'the building department',
    detail: 'how far a fence must be from the sidewalk',
  },
  {
    path: '/water/billing/leak-adjustment',
    task: 'ask for a leak adjustment on my water bill',
    document: 'the adjustment request',
    office: 'customer service',
    detail: 'how many months an adjustment covers',
  },
  {
    path: '/transport/bus-passes/seniors',
    task: 'order a senior bus pass for my mother',
    document: 'the pass application',
    office: 'the transit store',
    detail: 'whether the pass works on the night lines',
  },
  {
    path: '/elections/vote-by-mail',
    task: 'request a mail ballot',
    document: 'the ballot application',
    office: 'the election board',
    detail: 'the last day to return a ballot by hand',
  },
  {
    path: '/animals/dog-license',
    task: 'license our new puppy',
    document: 'the license application',
    office: 'the animal shelter',
    detail: 'the age from which a license is needed',
  },
  {
    path: "/events/farmers'-market",
    task: 'rent a stall at the Saturday market',
    document: 'the vendor agreement',
    office: 'the events team',
    detail: 'whether the stalls have power',
  },
  {
    path: '/',
    task: 'report a pothole',
    document: 'the service request form',
    office: 'the information line',
    detail: 'the closing time of the town hall',
  },
];

/** @type {readonly ((page: SitePage) => string)[]} */
export const PRAISE = [
  ({ task }) => `I was able to ${task} in under ten minutes.`,
  ({ detail }) => `The table at the top told me straight away ${detail}.`,
  ({ document }) => `Clear steps, and the link to ${document} was right where I needed it.`,
  ({ office }) => `I did not have to call ${office} for once.`,
  ({ task }) => `The short checklist before you start. I knew exactly what I needed to ${task}.`,
  ({ task }) => `Plain language, no legal terms. I could ${task} without asking anyone.`,
  ({ document }) => `It works well on my phone, even ${document}.`,
  ({ task }) => `I had put off having to ${task} for weeks, and it was easier than I expected.`,
  ({ detail, office }) => `I called ${office} about ${detail} last year. Now it is all here.`,
  ({ document }) => `The Spanish version is as complete as the English one, and so is ${document}.`,
  ({ detail }) => `The examples made it easy to see ${detail}.`,
  ({ office }) => `The phone number and hours of ${office} are on the page itself.`,
];

/** @type {readonly { name: string, texts: readonly ((page: SitePage) => string)[] }[]} */
export const ISSUES = [
  {
    name: 'Information is missing',
    texts: [
      ({ detail }) => `This page does not tell me ${detail}.`,
      ({ task, detail }) => `I came here to ${task} and left without knowing ${detail}.`,
      ({ document }) => `You ask for ${document} but do not say where to get it.`,
      ({ office }) => `Please add an email address. I cannot call ${office} during working hours.`,
    ],
  },
  {
    name: 'Hard to understand',
    texts: [
      ({ task }) => `I read it three times and still don’t know whether I have to ${task} in person.`,
      ({ document }) => `The instructions for ${document} contradict each other in steps 2 and 4.`,
      ({ task }) => `Too many abbreviations. I want to ${task}, not to work in government.`,
      ({ detail }) => `A sentence of sixty words to explain ${detail} is not helpful.`,
    ],
  },
  {
    name: 'Link or file does not work',
    texts: [
      ({ document }) => `The link to ${document} gives me a 404.`,
      ({ document }) => `I downloaded ${document} and Acrobat says that the file is damaged.`,
      ({ office }) => `The map link for ${office} opens an empty page.`,
      ({ document }) => `The button below ${document} does nothing in Firefox.`,
    ],
  },
  {
    name: 'Out of date',
    texts: [
      ({ office }) => `The phone number of ${office} was disconnected months ago.`,
      ({ detail }) => `I was told at the counter that this page is wrong about ${detail}.`,
      ({ document }) => `The page still links to the 2022 version of ${document}.`,
      ({ office }) => `The fees on this page are not the ones that ${office} quoted me.`,
    ],
  },
  {
    name: 'Technical problem',
    texts: [
      ({ task }) => `I tried to ${task} four times and was logged out each time.`,
      ({ document }) => `Uploading ${document} fails with “unexpected error” at 90 percent.`,
      ({ document }) => `The date picker in ${document} does not let me choose a date before 2000.`,
      ({ detail }) => `My screen reader skips the second column, the one that says ${detail}.`,
    ],
  },
  {
    name: 'Could not find what I need',
    texts: [
      ({ task }) => `I only want to ${task}. Where is the button for that?`,
      ({ detail }) => `Search sent me here, but all I wanted to know was ${detail}.`,
      ({ office }) => `I spent half an hour on the site before I gave up and called ${office}.`,
      ({ document }) => `I can’t find ${document} anywhere on this page.`,
    ],
  },
];

/** @type {readonly string[]} */
export const CLOSING_REMARKS = [
  'I was using an iPad.',
  'Please fix this before the deadline.',
  'My neighbor had the same problem last week.',
  'Otherwise the site is easy to use.',
  'I ended up going in person.',
  'Thank you for looking into it.',
];
