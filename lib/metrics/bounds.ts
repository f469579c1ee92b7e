/**
 * Upper bounds of the buckets of all histograms, in milliseconds: what OpenTelemetry advises for messaging, from 5 ms on,
 * and finer ones below, since most handlers and many acknowledgements take less.
 */
export const BOUNDS_MS: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000,
]
