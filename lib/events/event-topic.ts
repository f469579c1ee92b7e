import { ArgumentError } from '../errors.ts'
import { quote } from '../escape.ts'
import type { BaseEvent } from './envelope.ts'

/**
 * The topic of an event: `<domain>.events`, and of a command `<domain>.commands`. All events of a domain share it, because
 * Kafka keeps order within a topic alone: an order's cancellation must not overtake its creation.
 *
 * @param domain Default: the type up to its first dot, which is `order` of `order.created`.
 * @throws {@link ArgumentError} where neither says the domain.
 */
export function eventTopic({ type, commandName }: Pick<BaseEvent, 'type' | 'commandName'>, domain?: string): string {
  const dot = type.indexOf('.')
  const of = domain ?? (dot > 0 ? type.slice(0, dot) : undefined)
  if (of !== undefined) return `${of}.${commandName === undefined ? 'events' : 'commands'}`
  throw new ArgumentError(
    `Type ${quote(type, 60)} does not say its domain, as "order.created" does: name the topic in publish(topic, event), ` +
      'or give the bus a "domain" or a "topic".',
  )
}
