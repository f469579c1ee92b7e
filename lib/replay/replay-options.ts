import { type CodecOption, type ResolvedCodec, resolveCodec } from '../codec.ts'
import type { RecordContext } from '../consumer/record.ts'
import { checkTarget, isCount, type SeekTarget } from '../consumer/seek-target.ts'
import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import type { NativeSeekTarget } from '../native.ts'
import { checkOptions, optional } from '../options.ts'
import { checkTopicName } from '../topics.ts'

/** Offsets by partition number. */
export type PartitionOffsets = Readonly<Record<number, number>>

/** How far a replay has come. */
export interface ReplayProgress {
  /** Records that were read. */
  read: number
  /** Records that the handler has handled, or that were sent to the topic. */
  replayed: number
  /** Records that `filter` left out. */
  filtered: number
  /** Records that the codec cannot decode; they are left out. */
  undecodable: number
  /** Offsets between the start and the end that was fixed when the replay began; at most so many records. */
  total: number
  /** By partition, the offset after the last record that is done: `from` of a replay that goes on from here. */
  positions: Record<number, number>
}

/** What a replay has done. */
export interface ReplayReport extends ReplayProgress {
  /** False when its signal ended it before. */
  isComplete: boolean
}

/** Options of a replay. */
export interface ReplayOptions<T = unknown> {
  topic: string
  /** Where each partition begins, or an offset for each of those that are replayed. Default: `beginning`. */
  from?: SeekTarget | PartitionOffsets
  /** Before which position each partition ends, at the latest where it ends when the replay begins. Default: `end`. */
  to?: SeekTarget | PartitionOffsets
  /** Which records are replayed. Without one, and into a topic, nothing is decoded. */
  filter?: (value: T, context: RecordContext) => boolean | Promise<boolean>
  /**
   * A handler, which gets one record after the other, or the name of a topic: records keep their key, value, headers and
   * timestamp there, and get the header `x-replayed-from`.
   */
  into: string | ((value: T, context: RecordContext) => unknown)
  /** Records a second, at most. Default: no limit. */
  rate?: number
  /** Told about each second, and at the end. */
  onProgress?: (progress: ReplayProgress) => void
  /** Ends the replay after the records at hand; it resolves all the same. */
  signal?: AbortSignal
  /** How bytes become values. Default: the service's codec. */
  codec?: CodecOption<T>
}

/** The {@link ReplayOptions} of a replay, checked. */
export interface ResolvedReplay {
  readonly topic: string
  readonly from: NativeSeekTarget | ReadonlyMap<number, number>
  readonly to: NativeSeekTarget | ReadonlyMap<number, number>
  readonly filter: ((value: unknown, context: RecordContext) => unknown) | undefined
  readonly into: string | ((value: unknown, context: RecordContext) => unknown)
  readonly rate: number
  readonly onProgress: ((progress: ReplayProgress) => void) | undefined
  readonly signal: AbortSignal | undefined
  readonly codec: ResolvedCodec
}

const OPTIONS = ['topic', 'from', 'to', 'filter', 'into', 'rate', 'onProgress', 'signal', 'codec']

/** @throws {@link ArgumentError} or {@link TopicError} that names the option. */
export function resolveReplay(input: unknown, usual: ResolvedCodec): ResolvedReplay {
  const { topic, from, to, filter, into, rate, onProgress, signal, codec } = checkOptions(input, OPTIONS, 'replay')
  checkTopicName(topic)
  if (typeof into === 'string') checkTopicName(into)
  else if (typeof into !== 'function') {
    throw new ArgumentError(`Option "into" must be a handler or the name of a topic, but is ${describeValue(into)}.`)
  }
  const isFunction = (value: unknown) => typeof value === 'function'
  return {
    topic: topic as string,
    from: position(from ?? 'beginning', '"from" of a replay'),
    to: position(to ?? 'end', '"to" of a replay'),
    filter: optional(filter, 'filter', 'a function', isFunction) as ResolvedReplay['filter'],
    into: into as ResolvedReplay['into'],
    rate: (optional(
      rate,
      'rate',
      'a number of records a second above 0',
      (value) => typeof value === 'number' && value > 0,
    ) ?? Number.POSITIVE_INFINITY) as number,
    onProgress: optional(onProgress, 'onProgress', 'a function', isFunction) as ResolvedReplay['onProgress'],
    signal: optional(signal, 'signal', 'an AbortSignal', (value) => value instanceof AbortSignal) as
      | AbortSignal
      | undefined,
    codec: codec === undefined ? usual : resolveCodec(codec),
  }
}

function position(input: unknown, what: string): NativeSeekTarget | ReadonlyMap<number, number> {
  const isMap = typeof input === 'object' && input !== null && !(input instanceof Date)
  if (!isMap || !Object.keys(input).every((name) => /^\d+$/.test(name))) return checkTarget(input, what)
  const offsets = new Map(Object.entries(input).map(([partition, offset]) => [Number(partition), offset as unknown]))
  if (offsets.size === 0) throw new ArgumentError(`${what} names no partition.`)
  for (const [partition, offset] of offsets) {
    if (isCount(partition) && partition < 2 ** 31 && isCount(offset)) continue
    throw new ArgumentError(`${what} must give each partition an offset, such as { 0: 100 }.`)
  }
  return offsets as ReadonlyMap<number, number>
}
