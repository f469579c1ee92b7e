import { resolveCodec } from '../../lib/codec.ts'
import type { BaseEvent } from '../../lib/events/envelope.ts'
import { type EventFormat, eventCodec } from '../../lib/events/event-codec.ts'
import { encodeValues } from '../../lib/producer/columns.ts'

export interface EventRecord {
  readonly value: Buffer
  readonly headers: Record<string, string | null>
}

const PLACE = { topic: 'orders', partition: 2, offset: 7, timestamp: 1_700_000_000_000 }

/** What is sent of an event. */
export function written(format: EventFormat, event: unknown): EventRecord {
  const columns = encodeValues('orders', [event], false, {}, resolveCodec(eventCodec({ format })))
  const headers = Object.fromEntries(columns.headers?.[0] ?? []) as Record<string, string | null>
  return { value: Buffer.from(columns.values[0] as string | Buffer), headers }
}

/** What a handler gets of a record. */
export function read(format: EventFormat, { value, headers }: EventRecord): BaseEvent {
  // inside of a larger block, as records come
  const block = Buffer.concat([Buffer.from('before'), value, Buffer.from('after')])
  const context = { ...PLACE, headers: Object.assign(Object.create(null), headers) }
  return resolveCodec(eventCodec({ format })).decode(block, 6, 6 + value.length, context) as BaseEvent
}

/** A record that others write as JSON. */
export function record(value: unknown, headers: EventRecord['headers'] = {}): EventRecord {
  return { value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), headers }
}

/** An event as a plain object, to be compared. */
export function plain(event: BaseEvent): Record<string, unknown> {
  const { extensions, ...fields } = event
  return extensions === undefined ? fields : { ...fields, extensions: { ...extensions } }
}
