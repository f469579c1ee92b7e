import { EventEmitter } from 'node:events'
import type { RebalanceEvent } from './consumer/assignment.ts'
import type { DeadLetterEvent, OutageEvent, RetryEvent } from './consumer/delivery-log.ts'
import type { KafkaError } from './errors.ts'

/** The events of a service with what listeners get. */
export interface ServiceEvents {
  /** A broker answers: after connecting, and after each time the connection was lost. */
  connected: []
  /** No broker answers any more; narad goes on trying. Also after `disconnect()`. */
  disconnected: []
  /** Something went wrong that no call rejects with. Without a listener it is logged, and nothing is thrown. */
  error: [error: KafkaError]
  /** Partitions came or went. */
  rebalance: [event: RebalanceEvent]
  /** A handler failed, and its record is handled again. */
  retry: [event: RetryEvent]
  /** A record was given up and written to the topic for dead letters. */
  deadLetter: [event: DeadLetterEvent]
  /** Something that the records of a subscription need went down, or is there again. */
  outage: [event: OutageEvent]
}

/**
 * An event emitter in which an `error` that nobody listens to does not end the process, and in which a listener that
 * throws does not break what was about to happen: its error is raised on its own, as an uncaught exception.
 */
export class ServiceEmitter extends EventEmitter {
  override on<Name extends keyof ServiceEvents>(name: Name, listener: (...args: ServiceEvents[Name]) => void): this {
    return super.on(name, listener)
  }

  override once<Name extends keyof ServiceEvents>(name: Name, listener: (...args: ServiceEvents[Name]) => void): this {
    return super.once(name, listener)
  }

  override off<Name extends keyof ServiceEvents>(name: Name, listener: (...args: ServiceEvents[Name]) => void): this {
    return super.off(name, listener)
  }

  override emit<Name extends keyof ServiceEvents>(name: Name, ...args: ServiceEvents[Name]): boolean {
    if (this.listenerCount(name) === 0) return false
    try {
      return super.emit(name, ...args)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
      return true
    }
  }
}
