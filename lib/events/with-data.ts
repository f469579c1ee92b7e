import { type BaseEvent, Envelope, type EnvelopeFields } from './envelope.ts'

/** The event with other data; it is frozen itself. */
export function withData(event: BaseEvent, data: unknown): BaseEvent {
  return new Envelope({ ...event, data } as EnvelopeFields) as unknown as BaseEvent
}

/** The event with its data as an instance of a class. Fields of any name, `__proto__` too, stay fields. */
export function instanceDataOf<D>(event: BaseEvent, type: { readonly prototype: D }): BaseEvent<D> {
  const { data } = event
  if (typeof data !== 'object' || data === null || data instanceof (type as unknown as new () => D)) {
    return event as BaseEvent<D>
  }
  const instance: unknown = Object.create(type.prototype as object, Object.getOwnPropertyDescriptors(data))
  return withData(event, instance) as BaseEvent<D>
}
