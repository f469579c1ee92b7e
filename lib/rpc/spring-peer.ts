import { naradPeer } from './narad-peer.ts'
import { headerOf, type Peer } from './peer.ts'

// Spring for Apache Kafka: KafkaHeaders, ReplyingKafkaTemplate. NestJS took the names over.
export const SPRING_ID = 'kafka_correlationId'
export const SPRING_TOPIC = 'kafka_replyTopic'
export const SPRING_PARTITION = 'kafka_replyPartition'

/** Java's int. */
const INT_BYTES = 4

/**
 * Spring's `ReplyingKafkaTemplate`, and listeners with `@SendTo`. The id is the 16 bytes of a UUID, and goes back as it
 * came; the partition is a big-endian int. Spring has no headers for errors, so that these are narad's.
 */
export const springPeer: Peer = {
  idHeader: SPRING_ID,
  newId: () => Buffer.from(crypto.randomUUID().replaceAll('-', ''), 'hex'),
  requestHeaders({ id, topic, partition }) {
    const bytes = Buffer.alloc(INT_BYTES)
    bytes.writeInt32BE(partition)
    return { [SPRING_TOPIC]: topic, [SPRING_PARTITION]: bytes, [SPRING_ID]: id }
  },
  readRequest(headers) {
    const [id, topic] = [headerOf(headers, SPRING_ID), headerOf(headers, SPRING_TOPIC)]
    if (id === undefined || topic === undefined) return undefined
    const partition = headerOf(headers, SPRING_PARTITION)
    return {
      id,
      topic: topic.toString(),
      ...(partition !== undefined && {
        partition: partition.length === INT_BYTES ? partition.readInt32BE() : Number.NaN,
      }),
    }
  },
  replyHeaders(id, failure) {
    const { [naradPeer.idHeader]: _, ...errors } = naradPeer.replyHeaders(id, failure)
    return { [SPRING_ID]: id, ...errors }
  },
  readFailure: naradPeer.readFailure,
}
