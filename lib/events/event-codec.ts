import type { Codec } from '../codec.ts'
import { type BaseEvent, Envelope, type EnvelopeFields } from './envelope.ts'

/** Events as JSON, one flat object each. */
export function eventCodec(): Codec<BaseEvent> {
  return {
    name: 'event',
    encode: (event) => JSON.stringify(event),
    decode: (bytes) => eventOf(JSON.parse(bytes.toString())),
  }
}

function eventOf(fields: EnvelopeFields): BaseEvent {
  const { type } = fields
  if (typeof type !== 'string' || type === '') throw new TypeError('the object has no "type", as an event must')
  return new Envelope(fields) as unknown as BaseEvent
}
