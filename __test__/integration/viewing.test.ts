import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { describeViewing } from '../behaviours/viewing.ts'
import { embeddedBed } from '../helpers/bed.ts'
import { run } from '../helpers/command.ts'

describeViewing(embeddedBed())

describe('narad consume', () => {
  test('says what is wrong with its options, and ends with 2', async (t) => {
    const cases: Array<[args: string[], text: RegExp]> = [
      [[], /needs --topic to show records, or --handlers/],
      [['-t', 'a', '-o', 'yesterday'], /--offset must be .* but is "yesterday"/],
      [['-t', 'a', '-f', '%y'], /--format has "%y"/],
      [['-t', 'a', '-k', '/(/'], /no regular expression/],
      [['-t', 'a', '-g', 'g', '-e'], /--exit is not for members of a group/],
      [['-t', 'a', '-g', 'g', '-o', '-5'], /a group goes on where it was/],
      [['-t', 'a', '--json', '-f', '%s'], /give --json or --format/],
      [['-t', 'a', '--quiet'], /--quiet goes only with --handlers/],
      [['--handlers', 'x.mjs', '-t', 'a'], /--topic goes only without --handlers/],
    ]
    for (const [args, text] of cases) {
      const { code, stderr } = await run(t, ['consume', ...args])
      assert.equal(code, 2, stderr)
      assert.match(stderr, text)
    }
  })
})
