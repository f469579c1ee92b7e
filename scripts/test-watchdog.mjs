// @ts-check
// Loaded into each test process. Shortly before the runner ends a file that takes too long, it says what still
// keeps the process busy: the runner itself would name only the file.
import { getActiveResourcesInfo } from 'node:process'

const limitMs = Number(process.env.NARAD_TEST_FILE_MS)
if (limitMs > 0) {
  setTimeout(() => {
    const busyWith = getActiveResourcesInfo().join(', ')
    process.stderr.write(`${process.argv[1]} is about to be ended; it still waits for: ${busyWith}\n`)
  }, limitMs - 2_000).unref()
}
