import type { Reader, Reading } from '../consumer/reader.ts'
import { RecordContext } from '../consumer/record.ts'
import type { ResolvedRead } from './read-options.ts'
import type { StreamRecord } from './record-stream.ts'

/** Starts a {@link Reader}. */
type Open = (reading: Reading, handler: (records: readonly RecordContext[]) => Promise<void>) => Promise<Reader>

/** Records that the reader has handed over, and that keep it waiting. */
interface Handed {
  readonly records: readonly RecordContext[]
  readonly goOn: () => void
}

/** The records of a reader one after the other, for as long as somebody asks for them. */
export async function* readRecords<T>(
  { reading, signal, codec }: ResolvedRead,
  open: Open,
): AsyncGenerator<StreamRecord<T>, void, undefined> {
  if (signal?.aborted) return
  let handed: Handed | undefined
  let isOver = false
  let wake = () => {}
  const end = () => {
    isOver = true
    wake()
  }
  const reader = await open(
    reading,
    (records) =>
      new Promise((goOn) => {
        handed = { records, goOn }
        wake()
      }),
  )
  reader.ended.then(end, end)
  signal?.addEventListener('abort', end, { once: true })
  try {
    while (!signal?.aborted) {
      if (handed === undefined && !isOver) await new Promise<void>((resolve) => (wake = resolve))
      if (signal?.aborted) return
      // it ended by itself, or with an error
      if (handed === undefined) return await reader.ended
      const { records, goOn }: Handed = handed
      for (const context of records) {
        if (signal?.aborted) return
        yield Object.assign(context, { value: RecordContext.decode(context, codec) as T })
      }
      handed = undefined
      goOn()
    }
  } finally {
    signal?.removeEventListener('abort', end)
    // the close waits for what was handed over
    handed?.goOn()
    await reader.close(0)
  }
}
