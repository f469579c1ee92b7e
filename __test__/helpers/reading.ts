import { readerProperties } from '../../lib/config/properties.ts'
import { resolveConfig } from '../../lib/config/resolve.ts'
import { Reader, type Reading } from '../../lib/consumer/reader.ts'
import type { RecordContext } from '../../lib/consumer/record.ts'
import type { NativeError } from '../../lib/native.ts'
import type { Scope } from './scope.ts'

/** What was read, as `partition:value`. */
export interface Read {
  readonly reader: Reader
  readonly values: string[]
  readonly errors: NativeError[]
}

/** Reads a topic without a group. It is closed when the scope ends. */
export async function read(
  scope: Scope,
  brokers: string,
  reading: Reading,
  handler: (records: readonly RecordContext[]) => unknown = () => {},
): Promise<Read> {
  const config = resolveConfig({ brokers, clientId: 'reading' })
  const values: string[] = []
  const errors: NativeError[] = []
  const reader = await Reader.start({
    ...reading,
    properties: readerProperties(config, reading.to !== undefined),
    prefetchBytes: config.prefetchBytes,
    timeoutMs: 10_000,
    handler(records) {
      values.push(...records.map(({ partition, rawValue }) => `${partition}:${rawValue}`))
      return handler(records)
    },
    keepsRunning: true,
    authenticate: async () => {},
    onError: (error) => errors.push(error),
    onLog: () => {},
  })
  scope.after(() => reader.close(5_000))
  return { reader, values, errors }
}
