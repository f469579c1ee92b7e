import { createRequire } from 'node:module'
import { Batch } from '../../lib/consumer/batch.ts'
import type { NativeConsumer, NativeConsumerEvent, NativeError, NativeModule } from '../../lib/native.ts'
import type { NativeConsumerReport } from '../../native/index.js'
import { randomGroup } from './names.ts'
import type { Scope } from './scope.ts'

const native = createRequire(import.meta.url)('../../native/index.cjs') as NativeModule

/** A consumer of the addon itself, for what the layers above never ask of it. */
export interface Raw {
  readonly consumer: NativeConsumer
  /** What came, as it came; nothing is reported back. */
  readonly batches: Batch[]
  readonly errors: NativeError[]
  readonly logs: string[]
  /** As often as one likes. */
  close(timeoutMs: number): Promise<NativeConsumerReport>
}

/** The properties say at least `bootstrap.servers`. It is closed when the scope ends. */
export function rawConsumer(scope: Scope, properties: Record<string, string>): Raw {
  const batches: Batch[] = []
  const errors: NativeError[] = []
  const logs: string[] = []
  const consumer = native.startConsumer(
    { 'enable.auto.commit': 'false', 'enable.auto.offset.store': 'false', 'group.id': randomGroup(), ...properties },
    { commitIntervalMs: 100, prefetchBytes: 8 * 1024 * 1024 },
    undefined,
    ({ batch, error, log }: NativeConsumerEvent) => {
      if (batch !== undefined) batches.push(new Batch(batch))
      if (error !== undefined) errors.push(error)
      if (log !== undefined) logs.push(log.text)
    },
  )
  if (!(consumer instanceof native.NativeConsumer)) throw new Error(consumer.message)
  let closing: Promise<NativeConsumerReport> | undefined
  const close = (timeoutMs: number) => {
    closing ??= consumer.close(timeoutMs)
    return closing
  }
  scope.after(async () => {
    await close(1_000)
  })
  return { consumer, batches, errors, logs, close }
}
