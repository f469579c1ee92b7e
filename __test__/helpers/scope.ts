/** Where a helper puts its cleaning up: `t` of a test, or `{ after }` of node:test for a whole suite. */
export interface Scope {
  after(cleanUp: () => Promise<void>): void
}
