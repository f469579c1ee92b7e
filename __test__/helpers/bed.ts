// Where a list of behaviours is run: the same tests hold on the embedded broker and on real Kafka.
import { TestBroker } from 'narad/testing'
import { createTopic } from '../../scripts/kafka/protocol.mjs'
import { sharedKafka } from './kafka.ts'
import { randomTopic } from './names.ts'

export interface Bed {
  /** As it stands in titles. */
  readonly name: string
  /** For the `skip` option of `describe`. */
  readonly skip: string | false
  /** The bootstrap list. */
  brokers(): Promise<string>
  /** The bootstrap list as a process of its own takes it. */
  address(brokers: string): string
  /** A topic that nobody else uses. Default: one partition. */
  topic(partitions?: number, name?: string): Promise<string>
}

export function kafkaBed(): Bed {
  const kafka = sharedKafka()
  return {
    name: 'Kafka',
    skip: kafka.skip,
    brokers: kafka.brokers,
    address: (brokers) => brokers,
    async topic(partitions = 1, name = randomTopic()) {
      await createTopic(await kafka.brokers(), name, { partitions })
      return name
    },
  }
}

/** One embedded broker for all tests of a file; it ends with the process. */
export function embeddedBed(): Bed {
  let started: Promise<TestBroker> | undefined
  const broker = () => {
    started ??= TestBroker.start()
    return started
  }
  return {
    name: 'the embedded broker',
    skip: false,
    brokers: async () => (await broker()).brokers,
    // it says to another process what it cannot see
    address: (brokers) => `embedded://${brokers}`,
    async topic(partitions = 1, name = randomTopic()) {
      await (await broker()).createTopic(name, { partitions })
      return name
    },
  }
}
