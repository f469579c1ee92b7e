import type { LogOffsets } from '../admin/types.ts'
import type { RecordContext } from '../consumer/record.ts'
import { EmbeddedBrokerError } from '../errors.ts'
import type { RecordInput } from '../producer/columns.ts'
import { Pace } from '../replay/pace.ts'
import type { KafkaService } from '../service.ts'
import { checkTopicName } from '../topics.ts'
import {
  type LetterOptions,
  type ParkOptions,
  type ReplayLettersOptions,
  type ResolvedDesk,
  resolveDesk,
  resolveLetters,
} from './desk-options.ts'
import type { Fingerprint } from './fingerprint.ts'
import { Ledger, type LetterState, ledgerOf } from './ledger.ts'
import { type DeadLetter, readDeadLetter } from './letter.ts'
import { type LetterPurge, PurgeCut, type PurgeOptions, resolvePurge } from './purge.ts'
import { replayRecord, type TopicSizes, targetOf } from './replay-target.ts'
import { unreadTopics } from './retry-readers.ts'

/** A topic of dead letters. */
export interface DeadLetterTopic {
  topic: string
  partitions: number
  /** Its records, by their offsets: of a compacted topic there may be fewer. */
  letters: number
  /** Those of them that were replayed or parked. */
  settled: number
}

/** Letters that failed for the same reason. */
export interface LetterStats {
  fingerprint: Fingerprint
  letters: number
  /** When the first and the last of them failed last, in milliseconds since the epoch. */
  first: number
  last: number
  /** Message and place (`partition/offset`) of the last of them. */
  message: string
  place: string
}

/** What becomes of the letters of a topic when they are replayed, or became of them. */
export interface LetterReplay {
  /** Letters that the topic has. */
  letters: number
  /** By topic, how many are sent to it. */
  into: Record<string, number>
  /** Those of them that may have been sent before, by someone who was ended; they have the header `x-narad-dlq-repeat`. */
  repeats: number
  /** Those that are left: replayed or parked before; not chosen by the filter; */
  settled: number
  filtered: number
  /** of records that were replayed so often already; */
  guarded: number
  /** that another replay, which goes on at the same time, has begun; */
  elsewhere: number
  /** without their value; */
  truncated: number
  /** whose group has no retry topic, by `topic` and `group`. */
  withoutTarget: Array<{ topic: string; group: string; letters: number }>
  /** Retry topics of {@link into} that no member of their group reads now, as far as the cluster tells. */
  unread: Array<{ topic: string; group: string }>
  /** Records of the topic that are no dead letters of narad. */
  foreign: number
  /** False when its signal ended it before. */
  isComplete: boolean
}

/** What became of letters that were to be parked. */
export interface LetterPark {
  /** Letters that were parked. */
  letters: number
  /** False when its signal ended it before. */
  isComplete: boolean
}

/** A letter that is to be sent. */
interface Chosen {
  readonly letter: DeadLetter
  readonly record: RecordContext
  readonly target: string
  readonly isRepeat: boolean
}

/** What is sent at once, and is marked as a repeat when it is not known whether it was. */
const BATCH = 100
const PROGRESS_MS = 1_000
/** Topics whose ledgers are read at once, each by a client of its own. */
const AT_A_TIME = 4
const KEEPING = { 'cleanup.policy': 'delete', 'retention.ms': '-1' }

/** Looks through dead letters, and brings them back. Made by {@link deadLetterDesk}. */
export class DeadLetterDesk {
  readonly #service: KafkaService

  /** @internal */
  constructor(service: KafkaService) {
    this.#service = service
  }

  /** All topics whose name ends with `.dlq`, by name. */
  async list(): Promise<DeadLetterTopic[]> {
    const sizes = await this.#sizes()
    const topics = [...sizes.keys()].filter((topic) => topic.endsWith('.dlq')).sort()
    const described: DeadLetterTopic[] = []
    const rest = topics.entries()
    const work = async () => {
      for (const [index, topic] of rest) described[index] = await this.#describe(topic, sizes)
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, work))
    return described
  }

  async #describe(topic: string, sizes: TopicSizes): Promise<DeadLetterTopic> {
    const offsets = new Map((await this.#service.admin.topics.offsets(topic)).map((one) => [one.partition, one]))
    const ledger = await Ledger.open(this.#service, topic, sizes)
    const isThere = (partition: number, offset: number) => {
      const { beginning, end } = offsets.get(partition) ?? { beginning: 0, end: 0 }
      return offset >= beginning && offset < end
    }
    const letters = recordsIn([...offsets.values()])
    return { topic, partitions: offsets.size, letters, settled: ledger.count(isThere) }
  }

  /** The letters of a topic, with what was done with them. */
  async *letters(
    topic: string,
    options: LetterOptions = {},
  ): AsyncGenerator<DeadLetter & { readonly state: LetterState }, void, undefined> {
    const { fits, settled } = resolveLetters(options)
    checkTopicName(topic)
    const ledger = await Ledger.open(this.#service, topic, await this.#sizes())
    for await (const record of this.#service.read(topic, { to: 'end', codec: 'buffer' })) {
      const letter = readDeadLetter(record)
      if (letter === undefined || !fits(letter)) continue
      const state = ledger.stateOf(letter)
      if (settled || !isSettled(state)) yield { ...letter, state }
    }
  }

  /** Letters by fingerprint, the most frequent first. */
  async stats(topic: string, options: LetterOptions = {}): Promise<LetterStats[]> {
    const found = new Map<string, LetterStats>()
    for await (const { fingerprint, lastFailure, partition, offset, error } of this.letters(topic, options)) {
      const { letters = 0, first = lastFailure, last = lastFailure, ...shown } = found.get(fingerprint.id) ?? {}
      const latest = lastFailure >= last ? { message: error.message, place: `${partition}/${offset}` } : shown
      found.set(fingerprint.id, {
        fingerprint,
        letters: letters + 1,
        first: Math.min(first, lastFailure),
        last: Math.max(last, lastFailure),
        ...(latest as { message: string; place: string }),
      })
    }
    return [...found.values()].sort((one, other) => other.letters - one.letters)
  }

  /** What {@link replay} would do, without doing it. */
  async plan(topic: string, options: ReplayLettersOptions = {}): Promise<LetterReplay> {
    checkTopicName(topic)
    return this.#walk(topic, resolveDesk(options, 'replay'), async (chosen) => chosen)
  }

  /**
   * Sends the records of letters again. The letters stay where they are, and a topic beside theirs, `<topic>.desk`, tells
   * that they were replayed: who calls again, also after a crash, goes on with those that are left.
   *
   * @throws What reading and sending do; nothing is lost by it.
   */
  async replay(topic: string, options: ReplayLettersOptions = {}): Promise<LetterReplay> {
    checkTopicName(topic)
    const resolved = resolveDesk(options, 'replay')
    await this.#service.connectProducer()
    await this.#create(ledgerOf(topic), 1)
    const run = crypto.randomUUID()
    const pace = new Pace(resolved.rate)
    return this.#walk(topic, resolved, async (all, ledger, sizes) => {
      const targets = [...new Set(all.map(({ target }) => target))]
      const chosen = await ledger.begin(run, targets, all)
      if (chosen.length === 0) return chosen
      const letters = chosen.map(({ letter }) => letter)
      for (const target of targets) {
        const records = chosen
          .filter((one) => one.target === target)
          .map(({ letter, isRepeat }) =>
            replayRecord(letter, target, sizes, { into: resolved.into, isRepeat, now: Date.now() }),
          )
        await this.#service.sendRecords(target, records)
      }
      await ledger.note(run, 'replayed', targets, letters)
      await pace.passed(letters.length)
      return chosen
    })
  }

  /**
   * Copies letters as they are to `<topic>.parked`, which keeps them for ever, and takes them out of what is open.
   */
  async park(topic: string, options: ParkOptions = {}): Promise<LetterPark> {
    const resolved = resolveDesk(options, 'park')
    const [parked, run] = [`${topic}.parked`, crypto.randomUUID()]
    checkTopicName(parked)
    await this.#service.connectProducer()
    await this.#create(ledgerOf(topic), 1)
    await this.#create(parked, (await this.#sizes()).get(topic) ?? 1)
    const walk = { ...resolved, into: { topic: parked }, maxReplays: Number.POSITIVE_INFINITY, takesTruncated: true }
    const { into, isComplete } = await this.#walk(topic, walk, async (chosen, ledger, sizes) => {
      const letters = chosen.map(({ letter }) => letter)
      const copies = chosen.map(({ record }) => copyOf(record, sizes.get(parked) ?? 0))
      await this.#service.sendRecords(parked, copies)
      await ledger.note(run, 'parked', [parked], letters)
      return chosen
    })
    return { letters: into[parked] ?? 0, isComplete }
  }

  /**
   * Deletes letters that were replayed or parked, for good: from the beginning of each partition up to the first that is
   * open. Records that are no letters of narad count as open.
   *
   * @throws {@link EmbeddedBrokerError}, which cannot delete records; {@link TopicError}
   */
  async purge(topic: string, options: PurgeOptions = {}): Promise<LetterPurge> {
    checkTopicName(topic)
    const { before, open, dryRun, onProgress } = resolvePurge(options)
    const { topics } = this.#service.admin
    const ledger = await Ledger.open(this.#service, topic, await this.#sizes())
    const logs = await topics.offsets(topic)
    const cut = new PurgeCut(logs)
    const progress = new Progress(onProgress, { read: 0, total: recordsIn(logs) })
    for await (const record of this.#service.read(topic, { to: 'end', codec: 'buffer' })) {
      progress.at.read += 1
      progress.tell()
      const letter = readDeadLetter(record)
      const isOpen = letter === undefined || !isSettled(ledger.stateOf(letter))
      cut.take(record, record.timestamp >= before || (isOpen && !open), isOpen)
    }
    progress.tell(true)
    const purge = cut.result
    if (dryRun || purge.letters === 0) return purge
    for (const [partition, offset] of Object.entries(purge.before)) {
      await topics.deleteRecords(topic, { before: offset, partitions: [Number(partition)] })
    }
    return purge
  }

  /** Goes through the letters of a topic, and sends those that are to be sent. */
  async #walk(
    topic: string,
    options: ResolvedDesk & { readonly takesTruncated?: boolean },
    send: (chosen: readonly Chosen[], ledger: Ledger, sizes: TopicSizes) => Promise<readonly Chosen[]>,
  ): Promise<LetterReplay> {
    const { fits, into, maxReplays, rate, onProgress, signal, takesTruncated } = options
    const sizes = await this.#sizes()
    const ledger = await Ledger.open(this.#service, topic, sizes)
    const logs = await this.#service.admin.topics.offsets(topic)
    const progress = new Progress(onProgress, { read: 0, total: recordsIn(logs), sent: 0 })
    const found: LetterReplay = {
      ...{ letters: 0, into: {}, repeats: 0, settled: 0, filtered: 0, guarded: 0, elsewhere: 0, truncated: 0 },
      ...{ withoutTarget: [], unread: [], foreign: 0, isComplete: true },
    }
    const retries = new Map<string, string>()
    const size = Math.min(BATCH, new Pace(rate).burst)
    let batch: Chosen[] = []
    const flush = async () => {
      const all = batch
      batch = []
      const chosen = all.length > 0 ? await send(all, ledger, sizes) : []
      found.elsewhere += all.length - chosen.length
      progress.at.sent += chosen.length
      for (const { letter, target, isRepeat } of chosen) {
        if (into === 'retry') retries.set(target, letter.group)
        found.into[target] = (found.into[target] ?? 0) + 1
        if (isRepeat) found.repeats += 1
      }
    }
    const take = async (record: RecordContext) => {
      const letter = readDeadLetter(record)
      if (letter === undefined) {
        found.foreign += 1
        return
      }
      found.letters += 1
      const state = ledger.stateOf(letter)
      const target = targetOf(letter, into, sizes)
      if (ledger.isElsewhere(letter)) found.elsewhere += 1
      else if (isSettled(state)) found.settled += 1
      else if (!fits(letter)) found.filtered += 1
      else if (letter.replays >= maxReplays) found.guarded += 1
      else if (letter.isTruncated && !takesTruncated) found.truncated += 1
      else if (target === undefined) countWithout(found, letter)
      else batch.push({ letter, record, target, isRepeat: state === 'begun' })
      if (batch.length >= size) await flush()
    }
    try {
      for await (const record of this.#service.read(topic, { to: 'end', codec: 'buffer', ...(signal && { signal }) })) {
        progress.at.read += 1
        await take(record)
        progress.tell()
      }
      await flush()
    } finally {
      await ledger.close()
    }
    progress.tell(true)
    const homes = [...retries].map(([topic, group]) => ({ topic, group }))
    found.unread = await unreadTopics(this.#service.admin.groups, homes)
    found.isComplete = signal?.aborted !== true
    return found
  }

  async #sizes(): Promise<TopicSizes> {
    const topics = await this.#service.admin.topics.list()
    return new Map(topics.map(({ topic, partitions }) => [topic, partitions]))
  }

  /** Creates a topic that keeps its records, where it is not there. */
  async #create(topic: string, partitions: number): Promise<void> {
    // the embedded broker has no settings, and that of another process creates topics when they are first written to
    for (const settings of [{ configs: KEEPING }, {}]) {
      try {
        await this.#service.admin.topics.create(topic, { partitions, ...settings, ifNotExists: true })
        return
      } catch (error) {
        if (!(error instanceof EmbeddedBrokerError)) throw error
      }
    }
  }
}

/**
 * A desk for dead letters: lists and counts them, says why they failed, and brings them back.
 *
 * @param service Whose cluster is meant; it is connected where it has to be.
 */
export function deadLetterDesk(service: KafkaService): DeadLetterDesk {
  return new DeadLetterDesk(service)
}

/** Tells about each second how far something has come. */
class Progress<At extends object> {
  readonly #onProgress: ((at: At) => void) | undefined
  #toldAt = performance.now()
  readonly at: At

  constructor(onProgress: ((at: At) => void) | undefined, at: At) {
    this.#onProgress = onProgress
    this.at = at
  }

  tell(isEnd = false): void {
    if (!isEnd && performance.now() - this.#toldAt < PROGRESS_MS) return
    this.#toldAt = performance.now()
    this.#onProgress?.({ ...this.at })
  }
}

function recordsIn(logs: readonly LogOffsets[]): number {
  return logs.reduce((sum, { beginning, end }) => sum + end - beginning, 0)
}

function isSettled(state: LetterState): boolean {
  return state === 'replayed' || state === 'parked'
}

function countWithout({ withoutTarget }: LetterReplay, { source: { topic }, group }: DeadLetter): void {
  const known = withoutTarget.find((one) => one.topic === topic && one.group === group)
  if (known === undefined) withoutTarget.push({ topic, group, letters: 1 })
  else known.letters += 1
}

/** The letter as it is, in the partition of the same number where there is one. */
function copyOf(letter: RecordContext, partitions: number): RecordInput {
  const { partition, timestamp, rawKey: key, rawValue: value, rawHeaders: headers } = letter
  return { key, value, headers, ...(partition < partitions && { partition }), ...(timestamp > 0 && { timestamp }) }
}
