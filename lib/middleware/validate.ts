import { deadLetter, type Verdict } from '../delivery/verdict.ts'
import { ArgumentError, PermanentError } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { checkTopicName, statelessPattern } from '../topics.ts'
import type { Middleware } from './middleware.ts'
import { handOnPart } from './part-of-batch.ts'
import { checkerOf, describeIssues, type SchemaIssue, type StandardSchema } from './standard-schema.ts'

/** Options of {@link validate}. */
export interface ValidateOptions {
  /** Whose records are validated: a topic, a pattern of topics, or several. Default: all. */
  topics?: string | RegExp | ReadonlyArray<string | RegExp>
}

/**
 * Validates messages on their way in and on their way out. What the schema makes of a message, such as its defaults,
 * takes the message's place.
 *
 * A message that does not fit is a permanent error on the way in, so that its record becomes a dead letter at once; of a
 * batch, that record alone. On the way out the send rejects with an {@link ArgumentError} before anything is sent.
 * Errors name the paths that do not fit, and neither their values nor the validator's messages, which may show them.
 *
 * @param schema Any validator that implements Standard Schema. A tombstone is `null` to it.
 * @throws {@link ArgumentError} for what is no schema.
 */
export function validate(schema: StandardSchema, options: ValidateOptions = {}): Middleware {
  const check = checkerOf(schema, 'validate')
  const concerns = topicFilter(checkOptions(options, ['topics'], 'validate').topics)
  return {
    name: 'validate',
    async consume(context, next) {
      const { topic, partition, offset, group, message } = context
      if (!concerns(topic)) return await next()
      const { issues, value } = await check(message)
      if (issues !== undefined) throw misfit(issues, { topic, partition, offset, group })
      return await next(value)
    },
    async consumeBatch(context, next) {
      const { records } = context
      const messages = [...context.messages]
      const verdicts = new Array<Verdict | undefined>(records.length)
      const checks = records.map(async ({ topic, partition, offset, group }, index) => {
        if (!concerns(topic)) return
        const { issues, value } = await check(messages[index])
        if (issues === undefined) messages[index] = value
        else verdicts[index] = deadLetter(misfit(issues, { topic, partition, offset, group }))
      })
      await Promise.all(checks)
      return handOnPart(context, next, messages, Array.from(verdicts))
    },
    async send({ topic, records }, next) {
      if (!concerns(topic)) return await next()
      const results = await Promise.all(records.map(({ value }) => check(value)))
      for (const [index, { issues, value }] of results.entries()) {
        const record = records[index]
        if (record === undefined) continue
        if (issues === undefined) record.value = value
        else {
          const which = records.length === 1 ? 'The message' : `Message ${index}`
          throw new ArgumentError(`${which} for ${topic} does not fit its schema: ${describeIssues(issues)}.`, {
            topic,
          })
        }
      }
      return await next()
    },
  }
}

function misfit(
  issues: readonly SchemaIssue[],
  place: { topic: string; partition: number; offset: number; group: string },
): PermanentError {
  return new PermanentError(`The message does not fit its schema: ${describeIssues(issues)}.`, place)
}

function topicFilter(topics: unknown): (topic: string) => boolean {
  if (topics === undefined) return () => true
  const tests = (Array.isArray(topics) ? topics : [topics]).map((one: unknown): ((topic: string) => boolean) => {
    if (one instanceof RegExp) {
      const pattern = statelessPattern(one)
      return (topic) => pattern.test(topic)
    }
    checkTopicName(one)
    return (topic) => topic === one
  })
  return (topic) => tests.some((fits) => fits(topic))
}
