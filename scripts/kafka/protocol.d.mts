export interface ClusterMetadata {
  brokers: Array<{ id: number; host: string; port: number }>
  controllerId: number
  topics: Array<{
    /** Kafka's error code; 0 is no error. */
    errorCode: number
    topic: string
    internal: boolean
    partitions: Array<{
      errorCode: number
      partition: number
      /** Id of the leading broker, -1 if there is none. */
      leader: number
      replicas: number[]
      inSyncReplicas: number[]
    }>
  }>
}

/** `broker` is one `host:port`. */
export function metadata(broker: string, topics?: string[]): Promise<ClusterMetadata>

export interface CreateTopicOptions {
  /** Default 1. */
  partitions?: number
  /** Default -1: the broker's default. */
  replicationFactor?: number
  /** Kafka's topic configuration, such as `{ 'cleanup.policy': 'compact' }`. */
  configs?: Record<string, string>
  /** Default 15,000. */
  timeoutMs?: number
}

/** `brokers` is a comma-separated list of `host:port`. */
export function createTopic(brokers: string, topic: string, options?: CreateTopicOptions): Promise<void>
