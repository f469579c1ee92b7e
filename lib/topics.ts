import { TopicError } from './errors.ts'
import { quote } from './escape.ts'

const LEGAL = /^[a-zA-Z0-9._-]+$/
const MAX_LENGTH = 249

/** What is wrong with a topic name by Kafka's own rule, or undefined where nothing is. */
export function topicNameProblem(topic: unknown): string | undefined {
  if (typeof topic !== 'string')
    return `must be a string, not ${topic === null ? 'null' : typeof topic}${asKafkaJs(topic)}`
  if (topic === '') return 'must not be empty'
  if (topic === '.' || topic === '..') return `must not be ${quote(topic)}`
  if (topic.length > MAX_LENGTH) return `has ${topic.length} characters, and the limit is ${MAX_LENGTH}`
  if (!LEGAL.test(topic)) return `may hold only ASCII letters, digits, ".", "_" and "-", but is ${quote(topic)}`
  return undefined
}

/** What to call instead, where someone called as KafkaJS wants it. */
function asKafkaJs(given: unknown): string {
  const names = Object.keys(Object(given))
  if (!names.includes('topic') && !names.includes('topics')) return ''
  return names.includes('messages')
    ? ': send({ topic, messages }) of KafkaJS is sendRecords(topic, messages), and send(topic, value) encodes a value'
    : ': the topic comes first, and options last, as in subscribe(topic, handler, { fromBeginning })'
}

/**
 * Refuses a topic name that Kafka refuses: 1 to 249 of `[a-zA-Z0-9._-]`, neither `.` nor `..`. It is checked here
 * because a broker answers late, and the embedded broker takes every name.
 *
 * @throws {@link TopicError} `NARAD_INVALID_TOPIC`
 */
export function checkTopicName(topic: unknown): asserts topic is string {
  const problem = topicNameProblem(topic)
  if (problem === undefined) return
  // One that is too long, perhaps by megabytes, is not carried along.
  const isShort = typeof topic === 'string' && topic.length <= MAX_LENGTH
  throw new TopicError(`Topic name ${problem}.`, isShort ? { topic } : {})
}

/** The same pattern without a memory: a sticky or global one goes on where its last match ended. */
export function statelessPattern({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ''))
}
