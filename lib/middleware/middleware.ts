import type { BatchContext, RecordContext } from '../consumer/record.ts'
import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { quote } from '../escape.ts'
import type { RecordMetadata } from '../message.ts'
import type { SendContext } from './send.ts'

/**
 * Runs the rest, the handler last, and resolves to what the handler gave. With an argument, that is the message from
 * here on. It may be called once, before the middleware ends.
 */
export type Next = (message?: unknown) => Promise<unknown>

/** {@link Next} of a batch: what replaces the messages is an array of the same length. */
export type BatchNext = (messages?: readonly unknown[]) => Promise<unknown>

/** Sends the records of the context, and resolves once they are acknowledged. May be called once. */
export type SendNext = () => Promise<RecordMetadata[]>

/** What a middleware is told of a record. */
export interface RecordMiddlewareContext extends RecordContext {
  /** The value, decoded, as the middleware before handed it on. */
  readonly message: unknown
}

/** What a middleware is told of a batch. */
export interface BatchMiddlewareContext extends BatchContext {
  /** The value of each record, as the middleware before handed it on. */
  readonly messages: readonly unknown[]
}

/**
 * What runs around handlers, around sends, or around both. The outermost runs first.
 *
 * What a middleware returns takes the place of the handler's result, or of the metadata; without a value those stand.
 * What it throws fails the record, or the send. One that does not call `next` ends the record there: it counts as
 * handled.
 */
export interface Middleware {
  /** As the list of a service and errors show it. */
  readonly name: string
  /** Around a handler that takes one record. */
  consume?(context: RecordMiddlewareContext, next: Next): unknown
  /** Around a handler that takes a batch. */
  consumeBatch?(context: BatchMiddlewareContext, next: BatchNext): unknown
  /** Around `send` and `sendRecords`. Without calling `next`, it must give the metadata of each record. */
  send?(context: SendContext, next: SendNext): unknown
}

/** A function is a middleware that has `consume` alone, under the function's name. */
export type MiddlewareInput = Middleware | ((context: RecordMiddlewareContext, next: Next) => unknown)

const PARTS = ['consume', 'consumeBatch', 'send'] as const

/** @throws {@link ArgumentError} for what is no middleware. */
export function toMiddleware(input: unknown): Middleware {
  if (typeof input === 'function') {
    return { name: input.name === '' ? 'anonymous' : input.name, consume: input as NonNullable<Middleware['consume']> }
  }
  if (typeof input !== 'object' || input === null) {
    throw new ArgumentError(`A middleware must be a function or an object, but is ${describeValue(input)}.`)
  }
  const { name, ...parts } = input as Middleware
  if (typeof name !== 'string' || name === '') {
    throw new ArgumentError(`A middleware must have a name, but its name is ${describeValue(name)}.`)
  }
  const given = PARTS.filter((part) => (input as Middleware)[part] !== undefined)
  const wrong = given.find((part) => typeof (input as Middleware)[part] !== 'function')
  if (wrong !== undefined) {
    throw new ArgumentError(
      `"${wrong}" of middleware ${quote(name)} must be a function, but is ${describeValue(parts[wrong])}.`,
    )
  }
  if (given.length === 0) throw new ArgumentError(`Middleware ${quote(name)} has none of ${PARTS.join(', ')}.`)
  return input as Middleware
}

/** @throws {@link ArgumentError} for what is no list of middleware. */
export function toMiddlewareList(input: unknown): readonly Middleware[] {
  if (input === undefined) return []
  if (Array.isArray(input)) return input.map(toMiddleware)
  throw new ArgumentError(`Option "use" must be an array of middleware, but is ${describeValue(input)}.`)
}
