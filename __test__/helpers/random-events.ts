import type { BaseEvent } from '../../lib/events/envelope.ts'
import { command, domainEvent, event, integrationEvent } from '../../lib/events/event.ts'
import { chance } from './engine-model.ts'

const PIECES = ['a', 'Ж', '\u{1f600}', '"', '\\', '\n', '\u2028', ' ', '0', 'é', '{', '%', 'null']

/** Events of all kinds with data of all kinds, the same for the same seed. */
export class RandomEvents {
  readonly #below: (below: number) => number

  constructor(seed: number) {
    this.#below = chance(seed)
  }

  text(): string {
    return Array.from({ length: 1 + this.#below(5) }, () => this.#of(PIECES)).join('')
  }

  /** A name of a field that is nobody's. */
  name(): string {
    return `x${this.#below(1_000)}`
  }

  data(depth = 0): unknown {
    const kind = this.#below(depth < 2 ? 7 : 5)
    if (kind === 5) return Array.from({ length: this.#below(4) }, () => this.data(depth + 1))
    if (kind === 6) return this.object(depth + 1)
    return [null, this.#below(2) === 0, this.#below(2 ** 30) - 2 ** 29, this.#below(1_000) / 7, this.text()][kind]
  }

  object(depth = 1): Record<string, unknown> {
    return Object.fromEntries(Array.from({ length: this.#below(4) }, () => [this.text(), this.data(depth)]))
  }

  /** @param extensions Further fields. */
  event(data: unknown, extensions?: Record<string, unknown>): BaseEvent {
    const common = {
      ...{ type: this.text(), data, extensions },
      // a URI reference, as CloudEvents ask
      source: this.name(),
      version: this.#maybe(this.text()),
      timestamp: new Date(this.#below(2 ** 31) * 1_000),
      metadata: this.#maybe(this.object()),
      correlationId: this.#maybe(this.text()),
      causationId: this.#maybe(this.text()),
    }
    const kind = this.#below(4)
    if (kind === 0) return event(common)
    if (kind === 1) return integrationEvent(common)
    if (kind === 2) return domainEvent({ ...common, aggregateId: this.text(), aggregateType: this.text() })
    const [replyTo, timeoutMs] = [this.#maybe(this.text()), this.#maybe(1 + this.#below(2 ** 30))]
    return command({ ...common, commandName: this.text(), replyTo, timeoutMs })
  }

  #maybe<T>(value: T): T | undefined {
    return this.#below(2) === 0 ? value : undefined
  }

  #of<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T
  }
}
