import type { KafkaService } from '../service.ts'
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

  private constructor(service: KafkaService, topic: string) {
    this.#service = service
    this.#topic = topic
  }

  /** @param topics All topics of the cluster. */
  static async open(service: KafkaService, letters: string, topics: TopicSizes): Promise<Ledger> {
    const topic = ledgerOf(letters)
    const ledger = new Ledger(service, topic)
    if (topics.has(topic)) {
      for await (const { rawValue } of service.read(topic, { to: 'end', codec: 'buffer' })) {
        const entry = readEntry(rawValue)
        if (entry !== undefined) ledger.#take(entry)
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

  /** Resolves when it is written. */
  async note(
    run: string,
    state: Entry['state'],
    into: readonly string[],
    letters: readonly DeadLetter[],
  ): Promise<void> {
    const places = letters.map(({ partition, offset, timestamp }) => [partition, offset, timestamp] as const)
    const entry: Entry = { run, state, into, letters: places }
    await this.#service.sendRecords(this.#topic, [{ key: run, value: JSON.stringify(entry), partition: 0 }])
    this.#take(entry)
  }

  #take({ state, letters }: Pick<Entry, 'state' | 'letters'>): void {
    for (const [partition, offset, timestamp] of letters)
      this.#states.set(`${partition}/${offset}`, { state, timestamp })
  }
}

const STATES: readonly unknown[] = ['begun', 'replayed', 'parked'] satisfies Array<Entry['state']>

/** The entry that a record is; undefined where it is none: others may write to the topic. */
function readEntry(value: Buffer | null): Pick<Entry, 'state' | 'letters'> | undefined {
  try {
    const { state, letters } = JSON.parse(String(value)) as Partial<Entry>
    const isEntry = STATES.includes(state) && Array.isArray(letters) && letters.every(isPlace)
    return isEntry ? { state: state as Entry['state'], letters } : undefined
  } catch {
    return undefined
  }
}

function isPlace(letter: unknown): boolean {
  return Array.isArray(letter) && letter.length === 3 && letter.every(Number.isSafeInteger)
}
