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

/** What a user may do with something, by Kafka's names of the operations. */
export type Right =
  | 'READ'
  | 'WRITE'
  | 'CREATE'
  | 'DELETE'
  | 'ALTER'
  | 'DESCRIBE'
  | 'DESCRIBE_CONFIGS'
  | 'ALTER_CONFIGS'
  | 'CLUSTER_ACTION'
  | 'IDEMPOTENT_WRITE'

/** A topic as its cluster describes it. */
export interface TopicDescription {
  topic: string
  /** What no other topic has, one of the same name before or after it included. The embedded broker has none. */
  id?: string
  isInternal: boolean
  partitions: PartitionDescription[]
  /** What the user may do with it, where that was asked for and the cluster tells it. */
  rights?: Right[]
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

/** A consumer group in a list. */
export interface GroupListing {
  group: string
  state: GroupState
  /** The protocol that its members speak: `classic`, or `consumer`, which is that of KIP-848. */
  protocol: 'classic' | 'consumer' | 'unknown'
}

/** In Kafka's words: `Empty` has no members; `Unknown` also stands for a group of KIP-848 that is being balanced. */
export type GroupState = 'Stable' | 'Empty' | 'Dead' | 'PreparingRebalance' | 'CompletingRebalance' | 'Unknown'

/** What a group has done of a partition. */
export interface PartitionLag {
  topic: string
  partition: number
  /** The offset that it goes on at; null where it has committed none. */
  committed: number | null
  /** The offset after the last record; null where the topic is gone. */
  end: number | null
  /** Records from `committed` to `end`; null where one of them is not known. */
  lag: number | null
  /**
   * The age of the record at `committed` in milliseconds, where it was asked for: how far behind the group is in time. 0
   * without a lag, null where it is not known.
   */
  lagMs?: number | null
}

/** A member of a group. */
export interface GroupMember {
  /** What the coordinator calls it. */
  id: string
  /** What it calls itself. */
  clientId: string
  /** The name of a static member. */
  instanceId?: string
  /** Where it connects from. */
  host: string
  /** What it has, sorted. */
  partitions: Array<{ topic: string; partition: number }>
}

/** A group as its coordinator describes it. */
export interface GroupDescription extends GroupListing {
  /** How its partitions are dealt out; empty without members. */
  assignor: string
  /** The broker that keeps it; null where it is not known. */
  coordinator: BrokerDescription | null
  members: GroupMember[]
  /** What it has committed of, and what its members have; sorted. */
  partitions: Array<PartitionLag & { memberId: string | null }>
  /** The sum over all partitions whose lag is known. */
  lag: number
  /** What the user may do with it, where that was asked for and the cluster tells it. */
  rights?: Right[]
}

/** A change of a committed offset. */
export interface OffsetReset {
  topic: string
  partition: number
  /** What was committed before; null where nothing was. */
  from: number | null
  to: number
}
