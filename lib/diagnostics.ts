import type { RecordContext } from './consumer/record.ts'
import type { Middleware } from './middleware/middleware.ts'
import type { SendRecord } from './middleware/send.ts'

/**
 * The channels of `node:diagnostics_channel` that tell what a service does. Each is a tracing channel, with events for
 * the start, the end and the error of a promise: `tracing:narad:send:start` and so on.
 */
export const CHANNELS = {
  /** A call to `send` or `sendRecords`: {@link SendDiagnostics}. */
  send: 'narad:send',
  /** An attempt of a handler: {@link ProcessDiagnostics}. */
  process: 'narad:process',
} as const

/** What the events of `narad:send` are given; at the end also with `result` or `error`. */
export interface SendDiagnostics {
  topic: string
  /** As middleware sees them: headers may be added at the start. */
  records: readonly SendRecord[]
}

/** What the events of `narad:process` are given; at the end also with `result` or `error`. */
export interface ProcessDiagnostics {
  group: string
  /** One, or those of the batch. */
  records: readonly RecordContext[]
}

const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']

/** The middleware that tells them, around all others; none for a channel to which nobody listens now. */
export function diagnostics(): Middleware[] {
  const { channel, tracingChannel } = require('node:diagnostics_channel') as typeof import('node:diagnostics_channel')
  const isHeard = (name: string) => EVENTS.some((event) => channel(`tracing:${name}:${event}`).hasSubscribers)
  const trace = (name: string) => {
    const tracing = tracingChannel<unknown, object>(name)
    // a promise that `next` gives has a `then` of its own, which the channel would not call
    return <T>(next: () => Promise<T>, told: object): Promise<T> => tracing.tracePromise(async () => await next(), told)
  }
  const parts: Omit<Middleware, 'name'>[] = []
  if (isHeard(CHANNELS.send)) {
    const tell = trace(CHANNELS.send)
    parts.push({
      send: ({ topic, records }, next) => tell(next, { topic, records } satisfies SendDiagnostics),
    })
  }
  if (isHeard(CHANNELS.process)) {
    const tell = trace(CHANNELS.process)
    parts.push({
      consume: (record, next) => tell(next, { group: record.group, records: [record] } satisfies ProcessDiagnostics),
      consumeBatch: ({ group, records }, next) => tell(next, { group, records } satisfies ProcessDiagnostics),
    })
  }
  return parts.length === 0 ? [] : [{ name: 'diagnostics', ...Object.assign({}, ...parts) }]
}
