/** What Node's `fetch` takes beside the standard's settings. Where the types are a browser's, there is no such thing. */
export type PlatformDispatcher = RequestInit extends { dispatcher?: infer D } ? D | undefined : unknown;
