import type { TopicAdmin } from './side-topics.ts'

/** A topic to create. */
export interface NewTopic {
  readonly topic: string
  readonly partitions: number
  readonly config: Readonly<Record<string, string>>
}

/** Requests to a cluster about topics. */
export interface TopicRequests {
  /** The number of partitions of each topic. */
  list(): Promise<ReadonlyMap<string, number>>
  /** Creates topics; those that are there already stay as they are. Rejects when one of them was not created. */
  create(topics: readonly NewTopic[]): Promise<void>
}

/**
 * One request at a time for all groups of a service: what is asked for meanwhile goes along with the next. Twenty groups
 * that subscribe at once would otherwise create their topics in twenty requests, each of which the cluster's controller
 * works off by itself.
 */
export class SharedTopicAdmin implements TopicAdmin {
  readonly #list: Gathered<null, ReadonlyMap<string, number>>
  readonly #create: Gathered<NewTopic, void>

  constructor(requests: TopicRequests) {
    this.#list = new Gathered(() => requests.list())
    this.#create = new Gathered((topics) => requests.create(topics))
  }

  list(): Promise<ReadonlyMap<string, number>> {
    return this.#list.ask(null)
  }

  create(topic: string, partitions: number, config: Readonly<Record<string, string>>): Promise<void> {
    return this.#create.ask({ topic, partitions, config })
  }
}

/** Calls of which one runs at a time; all that come meanwhile are answered by the next. */
class Gathered<In, Out> {
  readonly #call: (inputs: readonly In[]) => Promise<Out>
  #waiting: In[] = []
  #next: Promise<Out> | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(call: (inputs: readonly In[]) => Promise<Out>) {
    this.#call = call
  }

  ask(input: In): Promise<Out> {
    this.#waiting.push(input)
    this.#next ??= this.#running.then(() => {
      const inputs = this.#waiting
      this.#waiting = []
      this.#next = undefined
      const answer = this.#call(inputs)
      this.#running = answer.catch(() => {})
      return answer
    })
    return this.#next
  }
}
