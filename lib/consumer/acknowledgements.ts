import type { Acknowledgement } from './acknowledgement.ts'
import { DONE, NOT_RUN } from './batch.ts'
import type { Known } from './blocking.ts'
import { RecordContext } from './record.ts'
import type { Reports } from './reports.ts'

/**
 * Records whose handlers have ended and that were not acknowledged. They hold neither worker nor lane, but the position:
 * they count as held, so that they stop nothing until there are too many.
 */
export class Acknowledgements {
  readonly #reports: Reports
  readonly #missing = new Set<Acknowledgement>()

  constructor(reports: Reports) {
    this.#reports = reports
  }

  /** How many records wait to be acknowledged. */
  get missing(): number {
    return this.#missing.size
  }

  /** The handler of a record has ended well. One that may not run any more is given back without an ack. */
  ended(context: RecordContext, mayRun: boolean): void {
    const acknowledgement = RecordContext.acknowledgement(context)
    if (acknowledgement === undefined) return
    if (acknowledgement.isGiven) this.#settle(acknowledgement, DONE)
    else if (!mayRun) this.#settle(acknowledgement, NOT_RUN)
    else {
      this.#missing.add(acknowledgement)
      // kept for the ack, it must not keep its batch
      RecordContext.isolate(context)
      this.#reports.hold(acknowledgement.batch, acknowledgement.index)
      acknowledgement.finish = () => {
        this.#missing.delete(acknowledgement)
        this.#settle(acknowledgement, DONE)
      }
    }
  }

  /** Gives back what may not run any more. */
  giveBack(mayRun: (slot: number) => boolean): void {
    for (const missing of this.#missing) {
      if (mayRun(missing.batch.slot(missing.index))) continue
      this.#missing.delete(missing)
      this.#settle(missing, NOT_RUN)
    }
  }

  /** The records that wait for their ack. */
  *known(): Iterable<Known> {
    for (const { batch, index } of this.#missing) yield { batch, index, doing: 'ack' }
  }

  #settle(acknowledgement: Acknowledgement, fate: typeof DONE | typeof NOT_RUN): void {
    const { batch, index } = acknowledgement
    // a record that is back has no place in its batch any more
    acknowledgement.isLate = fate === NOT_RUN
    acknowledgement.finish = undefined
    this.#reports.settle(batch, index, fate)
  }
}
