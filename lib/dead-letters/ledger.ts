import type { KafkaService } from '../service.ts'
import type { StreamRecord } from '../stream/record-stream.ts'
import type { DeadLetter } from './letter.ts'
import type { TopicSizes } from './replay-target.ts'

/** What was done with a letter: `begun` where it is not known whether it was, because whoever did it did not come to tell. */
export type LetterState = 'open' | 'begun' | 'replayed' | 'parked'

/** An entry of the ledger, as it is written. */
interface Entry {
  /** The same of all entries of one call. */
  readonly run: string
  readonly state: Exclude<LetterState, 'open'>
  /** Where copies of them went. */
  readonly into: readonly string[]
  /** Partition, offset and timestamp: a topic that was deleted and made again has other letters at the same offsets. */
  readonly letters: ReadonlyArray<readonly [partition: number, offset: number, timestamp: number]>
}

/** The name of the topic that tells what was done with the letters of another. */
export function ledgerOf(topic: string): string {
  return `${topic}.desk`
}

/**
 * What was done with the letters of a topic, kept in a topic beside it, so that whoever goes on knows it, from wherever.
 * Before letters are sent they are noted as begun, and afterwards as done.
 */
export class Ledger {
  readonly #service: KafkaService
  readonly #topic: string
  readonly #states = new Map<string, { state: LetterState; timestamp: number }>()
  /** Letters that others have begun since it was opened, by their place. */
  readonly #elsewhere = new Map<string, number>()
  /** Where entries begin that are not read yet. */
  #next = 0
  #tail: AsyncGenerator<StreamRecord<Buffer>, void, undefined> | undefined

  private constructor(service: KafkaService, topic: string) {
    this.#service = service
    this.#topic = topic
  }

  /** @param topics All topics of the cluster. */
  static async open(service: KafkaService, letters: string, topics: TopicSizes): Promise<Ledger> {
    const topic = ledgerOf(letters)
    const ledger = new Ledger(service, topic)
    if (topics.has(topic)) {
      for await (const { rawValue, offset } of service.read(topic, { to: 'end', codec: 'buffer' })) {
        const entry = readEntry(rawValue)
        if (entry !== undefined) ledger.#take(entry)
        ledger.#next = offset + 1
      }
    }
    return ledger
  }

  /** How many letters something was done with, of those that `isThere`. */
  count(isThere: (partition: number, offset: number) => boolean): number {
    let count = 0
    for (const [place, { state }] of this.#states) {
      const [partition, offset] = place.split('/').map(Number) as [number, number]
      if (state !== 'begun' && isThere(partition, offset)) count += 1
    }
    return count
  }

  stateOf({ partition, offset, timestamp }: DeadLetter): LetterState {
    const known = this.#states.get(`${partition}/${offset}`)
    return known?.timestamp === timestamp ? known.state : 'open'
  }

  /** Whether another call has begun it since this ledger was opened. */
  isElsewhere({ partition, offset, timestamp }: DeadLetter): boolean {
    return this.#elsewhere.get(`${partition}/${offset}`) === timestamp
  }

  /**
   * Notes letters as begun, before they are sent. Of two calls at the same time the one whose note is first in the topic
   * has a letter, and the other leaves it.
   *
   * @returns Those of them that this call has.
   */
  async begin<Chosen extends { readonly letter: DeadLetter }>(
    run: string,
    into: readonly string[],
    chosen: readonly Chosen[],
  ): Promise<Chosen[]> {
    const noted = await this.note(
      run,
      'begun',
      into,
      chosen.map(({ letter }) => letter),
    )
    this.#tail ??= this.#service.read<Buffer>(this.#topic, { from: this.#next, partitions: [0], codec: 'buffer' })
    while (this.#next <= noted) {
      const { value: record } = await this.#tail.next()
      if (record === undefined) break
      this.#next = record.offset + 1
      const entry = readEntry(record.rawValue)
      if (entry === undefined || entry.run === run) continue
      this.#take(entry)
      for (const [partition, offset, timestamp] of entry.letters)
        this.#elsewhere.set(`${partition}/${offset}`, timestamp)
    }
    return chosen.filter(({ letter }) => !this.isElsewhere(letter))
  }

  /** Reads no more of what others do. */
  async close(): Promise<void> {
    await this.#tail?.return()
  }

  /** Resolves to its offset when it is written. */
  async note(
    run: string,
    state: Entry['state'],
    into: readonly string[],
    letters: readonly DeadLetter[],
  ): Promise<number> {
    const places = letters.map(({ partition, offset, timestamp }) => [partition, offset, timestamp] as const)
    const entry: Entry = { run, state, into, letters: places }
    const record = { key: run, value: JSON.stringify(entry), partition: 0 }
    const [written] = await this.#service.sendRecords(this.#topic, [record])
    this.#take(entry)
    return written?.offset ?? 0
  }

  #take({ state, letters }: Pick<Entry, 'state' | 'letters'>): void {
    for (const [partition, offset, timestamp] of letters) {
      const place = `${partition}/${offset}`
      const known = this.#states.get(place)
      // who left a letter to another may have noted it after the other was done
      const isDone = known?.timestamp === timestamp && known.state !== 'begun'
      if (!(isDone && state === 'begun')) this.#states.set(place, { state, timestamp })
    }
  }
}

const STATES: readonly unknown[] = ['begun', 'replayed', 'parked'] satisfies Array<Entry['state']>

/** The entry that a record is; undefined where it is none: others may write to the topic. */
function readEntry(value: Buffer | null): Pick<Entry, 'run' | 'state' | 'letters'> | undefined {
  try {
    const { run = '', state, letters } = JSON.parse(String(value)) as Partial<Entry>
    const isEntry = STATES.includes(state) && Array.isArray(letters) && letters.every(isPlace)
    return isEntry ? { run, state: state as Entry['state'], letters } : undefined
  } catch {
    return undefined
  }
}

function isPlace(letter: unknown): boolean {
  return Array.isArray(letter) && letter.length === 3 && letter.every(Number.isSafeInteger)
}
