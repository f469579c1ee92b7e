import type { Health } from '../health.ts'
import type { DurationHistogram, GroupMetrics, KafkaMetrics } from './types.ts'

/** One number, with what it is of. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** Where it differs from the name of the series. */
  readonly metricName?: string
}

/** What one scrape reads. */
export interface Reading {
  readonly health: Health
  /** Undefined where nothing is counted. */
  readonly metrics: KafkaMetrics | undefined
}

/** A metric as Prometheus knows it, and how it is read. */
export interface SeriesSpec {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** What several processes are together. Default: their sum. */
  readonly aggregator?: 'sum' | 'min'
  read(reading: Reading): Sample[]
}

type Labels = Sample['labels']
type Row<T> = (one: T) => Sample | Sample[]

type Sent = KafkaMetrics['producer']['topics'][number]
type Consumed = GroupMetrics['topics'][number] & { group: string }
type Partition = GroupMetrics['partitions'][number] & { group: string }

const sent =
  (row: Row<Sent>) =>
  ({ metrics }: Reading): Sample[] =>
    (metrics?.producer.topics ?? []).flatMap(row)

const groups =
  (row: Row<GroupMetrics>) =>
  ({ metrics }: Reading): Sample[] =>
    (metrics?.groups ?? []).flatMap(row)

const consumed = (row: Row<Consumed>) =>
  groups(({ group, topics }) => topics.flatMap((topic) => row({ ...topic, group })))

const partitions = (row: Row<Partition>) =>
  groups(({ group, partitions: all }) => all.flatMap((partition) => row({ ...partition, group })))

/** The samples of a label that names the fields of an object. */
function split(labels: Labels, name: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([field, value]) => ({ labels: { ...labels, [name]: field }, value }))
}

function histogram(name: string, labels: Labels, { bounds, buckets, count, sum }: DurationHistogram): Sample[] {
  let below = 0
  const samples = bounds.map((bound, index) => {
    below += buckets[index] ?? 0
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: below }
  })
  return [
    ...samples,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}

const flag = (is: boolean): Sample[] => [{ labels: {}, value: is ? 1 : 0 }]

/** The series of a topic that a group handles, each a count of the topic. */
const HANDLED = [
  ['received_records', 'received', 'Records that were received, each time that they were.'],
  ['received_bytes', 'receivedBytes', 'Bytes of the keys and values of received records.'],
  ['handled_records', 'handled', 'Attempts that ended well.'],
  ['retried_attempts', 'retried', 'Failed attempts after which the record is handled again.'],
  ['dead_letters', 'deadLettered', 'Dead letters that were written.'],
  ['dead_letter_failures', 'deadLetterFailures', 'Times that a dead letter could not be written.'],
  ['skipped_records', 'skipped', 'Records that were given up.'],
  ['stopped_partitions', 'stopped', 'Times that a partition stopped at a record that failed.'],
] as const

const PRODUCER_LATENCY = 'narad_producer_latency_seconds'
const HANDLER_DURATION = 'narad_group_handler_duration_seconds'

/** All that a service shows to Prometheus. */
export const SERIES: readonly SeriesSpec[] = [
  {
    name: 'narad_connected',
    help: 'Whether a broker can be reached.',
    type: 'gauge',
    aggregator: 'min',
    read: ({ health }) => flag(health.status === 'connected'),
  },
  {
    name: 'narad_live',
    help: 'Whether the service can go on without a restart.',
    type: 'gauge',
    aggregator: 'min',
    read: ({ health }) => flag(health.live),
  },
  {
    name: 'narad_ready',
    help: 'Whether the service can do its work now.',
    type: 'gauge',
    aggregator: 'min',
    read: ({ health }) => flag(health.ready),
  },
  {
    name: 'narad_producer_queued_records',
    help: 'Records that wait to be handed to the native side.',
    type: 'gauge',
    read: ({ metrics }) => (metrics === undefined ? [] : [{ labels: {}, value: metrics.producer.queued }]),
  },
  {
    name: 'narad_producer_sent_records_total',
    help: 'Records that the broker acknowledged.',
    type: 'counter',
    read: sent(({ topic, sent: value }) => ({ labels: { topic }, value })),
  },
  {
    name: 'narad_producer_sent_bytes_total',
    help: 'Bytes of the keys and values of acknowledged records.',
    type: 'counter',
    read: sent(({ topic, sentBytes: value }) => ({ labels: { topic }, value })),
  },
  {
    name: 'narad_producer_failed_records_total',
    help: 'Records that failed after they were handed over, by error code.',
    type: 'counter',
    read: sent(({ topic, failed }) => split({ topic }, 'code', failed)),
  },
  {
    name: 'narad_producer_in_flight_records',
    help: 'Records that were handed over and have no result.',
    type: 'gauge',
    read: sent(({ topic, inFlight: value }) => ({ labels: { topic }, value })),
  },
  {
    name: PRODUCER_LATENCY,
    help: 'From handing a record over to its acknowledgement.',
    type: 'histogram',
    read: sent(({ topic, latency }) => histogram(PRODUCER_LATENCY, { topic }, latency)),
  },
  {
    name: 'narad_group_commits_total',
    help: 'Commits, by whether the coordinator accepted them.',
    type: 'counter',
    read: groups(({ group, commits }) => split({ group }, 'result', commits)),
  },
  {
    name: 'narad_group_rebalances_total',
    help: 'Times that partitions were assigned, revoked or lost.',
    type: 'counter',
    read: groups(({ group, rebalances }) => split({ group }, 'kind', rebalances)),
  },
  {
    name: 'narad_group_held_records',
    help: 'Records that wait for a retry, a dead letter, a late handler or a resume, or behind one that does.',
    type: 'gauge',
    read: groups(({ group, held: value }) => ({ labels: { group }, value })),
  },
  ...HANDLED.map(
    ([name, field, help]): SeriesSpec => ({
      name: `narad_group_${name}_total`,
      help,
      type: 'counter',
      read: consumed((counts) => ({ labels: { group: counts.group, topic: counts.topic }, value: counts[field] })),
    }),
  ),
  {
    name: 'narad_group_failed_attempts_total',
    help: 'Attempts that failed, by what the failure meant.',
    type: 'counter',
    read: consumed(({ group, topic, failed }) => split({ group, topic }, 'class', { ...failed })),
  },
  {
    name: HANDLER_DURATION,
    help: 'From before a value is decoded until its handler has settled.',
    type: 'histogram',
    read: consumed(({ group, topic, duration }) => histogram(HANDLER_DURATION, { group, topic }, duration)),
  },
  {
    name: 'narad_partition_in_flight_records',
    help: 'Records that were received and are not finished.',
    type: 'gauge',
    read: partitions(({ group, topic, partition, inFlight: value }) => ({
      labels: { group, topic, partition },
      value,
    })),
  },
  {
    name: 'narad_partition_lag_records',
    help: 'Records from the first one that is not finished to the end of the log.',
    type: 'gauge',
    read: partitions(({ group, topic, partition, lag }) =>
      lag === undefined ? [] : { labels: { group, topic, partition }, value: lag },
    ),
  },
]
