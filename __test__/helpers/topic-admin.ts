import type { TopicAdmin } from '../../lib/delivery/side-topics.ts'

/** Topics as a cluster would list and create them. */
export class FakeTopicAdmin implements TopicAdmin {
  readonly topics: Map<string, number>
  readonly created: Array<{ topic: string; partitions: number; config: object }> = []
  lists = 0
  /** Thrown by the next calls. */
  listError: unknown
  createError: unknown
  /** What another member does just before a topic would be created. */
  beforeCreate: () => void = () => {}

  constructor(topics: Record<string, number> = {}) {
    this.topics = new Map(Object.entries(topics))
  }

  async list(): Promise<ReadonlyMap<string, number>> {
    this.lists += 1
    if (this.listError !== undefined) throw this.listError
    return new Map(this.topics)
  }

  async create(topic: string, partitions: number, config: Readonly<Record<string, string>>): Promise<void> {
    await null
    this.beforeCreate()
    if (this.createError !== undefined) throw this.createError
    if (this.topics.has(topic)) throw new Error(`${topic} exists`)
    this.created.push({ topic, partitions, config })
    this.topics.set(topic, partitions)
  }
}
