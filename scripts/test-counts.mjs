// @ts-check
// Counts tests by reading what cargo test and node:test print.

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/** @returns {Counts} */
export function noCounts() {
  return { passed: 0, failed: 0, skipped: 0 }
}

/**
 * @param {Counts} into
 * @param {Counts} counts
 */
export function addCounts(into, counts) {
  into.passed += counts.passed
  into.failed += counts.failed
  into.skipped += counts.skipped
}

/** @param {Counts} counts */
export function countsLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/**
 * A reader of cargo test's lines: one `test result:` for each test binary.
 * @param {Counts} counts
 */
export function cargoCounter(counts) {
  const result = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/
  return (/** @type {string} */ line) => {
    const [, passed, failed, ignored] = result.exec(line) ?? []
    if (passed === undefined) return
    addCounts(counts, { passed: Number(passed), failed: Number(failed), skipped: Number(ignored) })
  }
}

/**
 * A reader of the lines of node:test's spec reporter. A cancelled test, by a time limit for instance, has failed.
 * @param {Counts} counts
 */
export function nodeCounter(counts) {
  /** @type {Record<string, (count: number) => void>} */
  const add = {
    pass: (count) => (counts.passed += count),
    fail: (count) => (counts.failed += count),
    cancelled: (count) => (counts.failed += count),
    skipped: (count) => (counts.skipped += count),
    todo: (count) => (counts.skipped += count),
  }
  return (/** @type {string} */ line) => {
    const [, what = '', count] = /^ℹ (\w+) (\d+)$/.exec(line) ?? []
    add[what]?.(Number(count))
    // A file without a test is reported as a test that passes.
    if (!/^✔ \S*\.test\.ts \(/.test(line)) return
    console.log(`  this file holds no test: ${line}`)
    counts.passed -= 1
    counts.failed += 1
  }
}
