/** Who a session is of, and what they may do. */
export interface Identity {
  /** A name that is theirs alone, such as the user's primary key; `null`: unknown. */
  readonly user: string | null;
  /** In order, each once; may be empty. */
  readonly roles: readonly string[];
}
