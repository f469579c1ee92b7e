/**
 * The `skip` option of a test that needs something from outside: false, or the reason in plain words.
 * REQUIRE_KAFKA=1, as CI sets it, makes what is missing an error.
 */
export function skipIf(missing: string | undefined, env: NodeJS.ProcessEnv = process.env): string | false {
  if (missing === undefined) return false
  if (env.REQUIRE_KAFKA === '1') throw new Error(`REQUIRE_KAFKA=1 is set, but ${missing}`)
  return missing
}
