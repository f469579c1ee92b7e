import { DeadLetterError } from '../errors.ts'
import { SideTopics, type TopicAdmin } from './side-topics.ts'

export interface DeadLetterTopicsOptions {
  readonly group: string
  /** The one topic for all dead letters; undefined: `<topic>.<group>.dlq` for each topic. */
  readonly topic: string | undefined
  readonly admin: TopicAdmin
}

/** Dead letters are kept for a time, and by no compaction thrown away for another one with the same key. */
const CONFIG = { 'cleanup.policy': 'delete' }

/** The topics for the dead letters of a subscription. */
export class DeadLetterTopics extends SideTopics {
  readonly #topic: string | undefined

  constructor({ group, topic, admin }: DeadLetterTopicsOptions) {
    super({
      ...{ group, admin, purpose: 'dead letters', config: CONFIG },
      wayOut: 'name another with "dlq: { topic }", or say "dlq: false"',
      error: (message, fields) => new DeadLetterError(message, { ...fields, code: 'NARAD_DEAD_LETTER_TOPIC' }),
    })
    this.#topic = topic
  }

  override nameOf(topic: string): string {
    if (this.#topic !== undefined) return this.#topic
    return this.checked(`${topic}${this.#suffix}`, topic, 'Name one with "dlq: { topic }", or say "dlq: false".')
  }

  /** Whether it is one of these topics: a RegExp that matches it would make dead letters of dead letters. */
  isOwn(name: string): boolean {
    return this.#topic === undefined ? name.endsWith(this.#suffix) : name === this.#topic
  }

  get #suffix(): string {
    return `.${this.group}.dlq`
  }
}
