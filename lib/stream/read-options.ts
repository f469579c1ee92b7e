import { type CodecOption, type ResolvedCodec, resolveCodec } from '../codec.ts'
import type { Reading } from '../consumer/reader.ts'
import { checkTarget, type SeekTarget } from '../consumer/seek-target.ts'
import { checkOptions, optional, partitionNumbers } from '../options.ts'
import { checkTopicName } from '../topics.ts'

/** Options of reading without a group. */
export interface ReadOptions<T = unknown> {
  /** Where each partition begins. Default: `beginning`. */
  from?: SeekTarget
  /** Before which position each partition ends, as it is when reading begins. Default: it goes on as records are written. */
  to?: SeekTarget
  /** Partition numbers. Default: all, those that are added later included where there is no `to`. */
  partitions?: readonly number[]
  /** Ends reading after the record at hand; the loop then ends without an error. */
  signal?: AbortSignal
  /** How bytes become values. Default: the service's codec. */
  codec?: CodecOption<T>
}

/** The {@link ReadOptions}, checked. */
export interface ResolvedRead {
  readonly reading: Reading
  readonly signal: AbortSignal | undefined
  readonly codec: ResolvedCodec
}

const OPTIONS = ['from', 'to', 'partitions', 'signal', 'codec']

/** @throws {@link ArgumentError} or {@link TopicError} that names the option. */
export function resolveRead(topic: unknown, input: unknown, usual: ResolvedCodec): ResolvedRead {
  checkTopicName(topic)
  const { from, to, partitions, signal, codec } = checkOptions(input, OPTIONS, 'read')
  return {
    reading: {
      topic: topic as string,
      from: checkTarget(from ?? 'beginning', '"from" of read'),
      to: to === undefined ? undefined : checkTarget(to, '"to" of read'),
      partitions: partitionNumbers(partitions),
    },
    signal: optional(signal, 'signal', 'an AbortSignal', (value) => value instanceof AbortSignal) as
      | AbortSignal
      | undefined,
    codec: codec === undefined ? usual : resolveCodec(codec),
  }
}
