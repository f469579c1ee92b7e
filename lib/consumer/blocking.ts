import { redactText } from '../redact.ts'
import type { Batch } from './batch.ts'
import { type Place, RecordContext } from './record.ts'
import type { History, Retried } from './runner.ts'

/** The unfinished record of a partition with the smallest offset: the committed position cannot pass it. */
export interface BlockingRecord {
  topic: string
  partition: number
  offset: number
  key: string | null
  /**
   * What is to end: its handler (`handler`), the back-off before its next attempt, or the delay of its retry topic
   * (`retry`), writing it to its retry topic or as a dead letter (`dead-letter`), an outage, or the doubt whether there is
   * one (`outage`), the wait for `ack()` (`ack`), the pause of its partition (`paused`), or the records before it
   * (`queued`).
   */
  doing: 'handler' | 'retry' | 'dead-letter' | 'outage' | 'ack' | 'paused' | 'queued'
  /** Which attempt runs, comes next, or, for a dead letter, was the last, from 1; not known of a record that waits for its ack. */
  attempt?: number
  /** For how long its handler has run, in milliseconds; see {@link UnfinishedRecord.runningMs}. */
  runningMs?: number
  /** After how many milliseconds it is handled again, or written again. */
  nextAttemptInMs?: number
  /** What its last attempt failed with, as name and message, without what looks like a secret. */
  error?: string
  /** The name of its handler's function, where it has one. */
  handler?: string
}

/** What its runner knows of an unfinished record. */
export interface Known {
  readonly batch: Batch
  readonly index: number
  /** Undefined: it waits for its turn. */
  readonly doing?: BlockingRecord['doing']
  readonly runningMs?: number
  /** When it goes on, by the runner's clock. */
  readonly dueMs?: number | undefined
  readonly history?: History | undefined
}

/** Who has unfinished records. */
export interface Holder {
  readonly places: ReadonlyMap<number, Place>
  readonly retried?: Retried | undefined
  /** The handler. */
  readonly handler: { readonly name: unknown }
  /** Slots of which nothing is begun. */
  readonly paused: ReadonlySet<number>
  /** Whether an outage lasts. */
  readonly isOut: boolean
  /** Of its clock. */
  readonly nowMs: number
}

type Oldest = Known & { readonly slot: number; readonly offset: number }

/**
 * Of each partition that is still assigned the unfinished record with the smallest offset.
 *
 * @param known Of a record that is there more than once, the first counts.
 */
export function blockingRecords(batches: Iterable<Batch>, holder: Holder, known: Iterable<Known>): BlockingRecord[] {
  const bySlot = oldestOf(batches, holder.places)
  const byBatch = new Map<Batch, Map<number, Oldest>>()
  for (const oldest of bySlot.values()) {
    const { batch, index } = oldest
    if (!byBatch.has(batch)) byBatch.set(batch, new Map())
    byBatch.get(batch)?.set(index, oldest)
  }
  const records: BlockingRecord[] = []
  for (const one of known) {
    if (bySlot.size === 0) break
    const oldest = byBatch.get(one.batch)?.get(one.index)
    if (oldest === undefined || !bySlot.delete(oldest.slot)) continue
    records.push(blockingRecord(oldest, one, holder))
  }
  for (const oldest of bySlot.values()) records.push(blockingRecord(oldest, oldest, holder))
  return records
}

function oldestOf(batches: Iterable<Batch>, places: Holder['places']): Map<number, Oldest> {
  const bySlot = new Map<number, Oldest>()
  for (const batch of batches) {
    for (let index = 0; index < batch.records; index += 1) {
      if (batch.hasEnded(index)) continue
      const row = batch.row(index)
      const [slot, offset] = [batch.block.slot(row), batch.block.offset(row)]
      const other = bySlot.get(slot)
      if ((other === undefined || offset < other.offset) && places.has(slot)) {
        bySlot.set(slot, { batch, index, slot, offset })
      }
    }
  }
  return bySlot
}

function blockingRecord(
  { batch, index, slot }: Oldest,
  { doing: known, runningMs, dueMs, history: own }: Known,
  { places, retried, handler, paused, isOut, nowMs }: Holder,
): BlockingRecord {
  const { block } = batch
  const row = batch.row(index)
  const place = places.get(slot) as Place
  const { topic, partition, offset, key } = new RecordContext(block, row, place)
  // in an outage nothing is begun when its time has come
  const waits = known === undefined || (known === 'retry' && isOut)
  const doing = waits ? waitOf(paused.has(slot), isOut) : known
  const history = own ?? retried?.origin(block, row, place).history
  const failed = history?.attempts ?? 0
  const error = history?.error
  return {
    ...{ topic, partition, offset, key, doing },
    ...(doing === 'ack' ? {} : { attempt: doing === 'dead-letter' ? failed : failed + 1 }),
    ...(runningMs === undefined ? {} : { runningMs: Math.round(runningMs) }),
    ...(dueMs === undefined || doing === 'outage' ? {} : { nextAttemptInMs: Math.max(0, Math.round(dueMs - nowMs)) }),
    ...(error === undefined ? {} : { error: redactText(error) }),
    ...(typeof handler.name === 'string' && handler.name !== '' ? { handler: handler.name } : {}),
  }
}

function waitOf(isPaused: boolean, isOut: boolean): BlockingRecord['doing'] {
  if (isPaused) return 'paused'
  return isOut ? 'outage' : 'queued'
}
