/** A topic in a list. */
export interface TopicListing {
  topic: string
  /** How many partitions it has. */
  partitions: number
  /** On how many brokers each partition is kept. */
  replicationFactor: number
  /** Whether it is one of Kafka's own. */
  isInternal: boolean
}

/** A partition of a topic; brokers are numbers. */
export interface PartitionDescription {
  partition: number
  /** The broker that it is read from and written to; null while there is none. */
  leader: number | null
  /** The brokers that keep it. */
  replicas: number[]
  /** Those of them that have all of it. */
  inSync: number[]
}

/** A topic as its cluster describes it. */
export interface TopicDescription {
  topic: string
  /** What no other topic has, one of the same name before or after it included. The embedded broker has none. */
  id?: string
  isInternal: boolean
  partitions: PartitionDescription[]
}

/** The records that a partition has. */
export interface LogOffsets {
  partition: number
  /** Offset of the first. */
  beginning: number
  /** The offset after the last. */
  end: number
}

/** A setting of a topic in force. */
export interface TopicConfig {
  name: string
  /** Null where the cluster does not tell it, because it is a secret. */
  value: string | null
  /** Who set it: this topic, its broker, all brokers, the file of the broker; or nobody. */
  source: 'topic' | 'broker' | 'cluster' | 'file' | 'default'
  isReadOnly: boolean
  isSensitive: boolean
}

/** A broker. */
export interface BrokerDescription {
  id: number
  host: string
  port: number
  /** Where it stands, if it was told. */
  rack?: string
}

/** A cluster as it describes itself. */
export interface ClusterDescription {
  /** What no other cluster has; null where it is not told. */
  id: string | null
  /** The number of the broker that requests about topics go to; null on the embedded broker. */
  controller: number | null
  /** Those that are up. */
  brokers: BrokerDescription[]
}
