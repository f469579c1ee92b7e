import { AsyncResource } from 'node:async_hooks'
import type { BatchHandler } from '../consumer/batch-attempt.ts'
import type { RecordHandler } from '../consumer/executor.ts'
import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { quote } from '../escape.ts'
import { compose, type Handler, type Link } from './compose.ts'
import {
  type BatchMiddlewareContext,
  type BatchNext,
  type Middleware,
  type Next,
  type RecordMiddlewareContext,
  toMiddleware,
} from './middleware.ts'
import { type SendChain, sendChain } from './send.ts'

/** The middleware of a service, outermost first. */
export class MiddlewareStack {
  #all: readonly Middleware[] = []
  #builtIn = 0
  /** Around sends; undefined where nothing is, so that a send need not know. */
  send: SendChain | undefined

  get names(): string[] {
    return this.#all.map(({ name }) => name)
  }

  /** What comes with narad runs outside of all others. Replaces what was built in before. */
  setBuiltIn(builtIn: readonly Middleware[]): void {
    this.#set([...builtIn, ...this.#all.slice(this.#builtIn)])
    this.#builtIn = builtIn.length
  }

  /** @throws {@link ArgumentError} for what is no middleware. */
  use(input: unknown): void {
    this.#set([...this.#all, toMiddleware(input)])
  }

  #set(all: readonly Middleware[]): void {
    this.#all = all
    this.send = sendChain(all)
  }

  /**
   * The handler of a subscription with the middleware around it, that of the subscription inside the service's.
   *
   * @throws {@link ArgumentError} for a middleware that cannot do its part there.
   */
  handler(handler: unknown, own: readonly Middleware[], isBatch: boolean): unknown {
    for (const { name, consume, consumeBatch } of own) {
      if (consume !== undefined || consumeBatch !== undefined) continue
      throw new ArgumentError(`Middleware ${quote(name)} only sends: use() it on the service, not on a subscription.`)
    }
    const all = [...this.#all, ...own]
    if (isBatch) return isolated(handler, compose(batchLinks(all), handler as BatchHandler, noteMessages))
    return isolated(handler, compose(recordLinks(all), handler as RecordHandler, noteMessage))
  }
}

function recordLinks(all: readonly Middleware[]): Array<Link<RecordMiddlewareContext>> {
  return all.flatMap((one) => {
    const { name } = one
    if (one.consume !== undefined) return [{ name, run: (context, next) => one.consume?.(context, next) }]
    if (one.consumeBatch === undefined) return []
    throw misplaced(name, 'consumeBatch', 'consume', 'a handler of single records')
  })
}

function batchLinks(all: readonly Middleware[]): Array<Link<BatchMiddlewareContext>> {
  return all.flatMap((one) => {
    const { name } = one
    if (one.consumeBatch !== undefined) {
      return [{ name, run: (context, next) => one.consumeBatch?.(context, sameLength(name, context, next)) }]
    }
    if (one.consume === undefined) return []
    throw misplaced(name, 'consume', 'consumeBatch', 'a batch handler')
  })
}

/** Each message belongs to the record at its index. */
function sameLength(name: string, context: BatchMiddlewareContext, next: Next): BatchNext {
  return (...replaced) => {
    const { records } = context
    const [messages] = replaced
    if (replaced.length > 0 && !(Array.isArray(messages) && messages.length === records.length)) {
      const what = Array.isArray(messages) ? `${messages.length} messages` : describeValue(messages)
      throw new ArgumentError(`Middleware ${quote(name)} handed on ${what} for ${records.length} records.`)
    }
    return next(...replaced)
  }
}

/** It would be skipped in silence, be it validation or a check of rights. */
function misplaced(name: string, has: string, needs: string, where: string): ArgumentError {
  return new ArgumentError(
    `Middleware ${quote(name)} has "${has}" and no "${needs}", so it cannot run around ${where}.`,
  )
}

function noteMessage(context: object, message: unknown): void {
  Object.assign(context, { message })
}

function noteMessages(context: object, messages: unknown): void {
  Object.assign(context, { messages })
}

/** A store that a middleware enters (`enterWith`) would otherwise be seen by the records that come after. */
function isolated<Message, Context>(handler: unknown, composed: Handler<Message, Context>): Handler<Message, Context> {
  if (composed === handler) return composed
  const run: Handler<Message, Context> = (message, context) =>
    new AsyncResource('narad.record').runInAsyncScope(() => composed(message, context))
  // who asks what runs is told the name of what was given
  return Object.defineProperty(run, 'name', { value: (handler as { name: unknown }).name })
}
