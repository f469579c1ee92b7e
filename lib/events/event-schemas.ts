import { ArgumentError, type KafkaErrorFields, PermanentError } from '../errors.ts'
import { quote } from '../escape.ts'
import { type Checked, checkerOf, describeIssues, type StandardSchema } from '../middleware/standard-schema.ts'
import type { BaseEvent } from './envelope.ts'
import { withData } from './with-data.ts'

/** Validators of the data of events, by type. Events of other types pass. */
export class EventSchemas {
  readonly #checks: ReadonlyMap<string, (value: unknown) => Promise<Checked>>

  /** @throws {@link ArgumentError} for what is no schema. */
  constructor(schemas: object) {
    const all = Object.entries(schemas) as Array<[type: string, schema: StandardSchema]>
    this.#checks = new Map(all.map(([type, schema]) => [type, checkerOf(schema, `The type ${quote(type, 60)}`)]))
  }

  /** @throws {@link ArgumentError} where the data does not fit: nothing is sent. */
  outgoing(event: BaseEvent): Promise<BaseEvent> {
    return this.#checked(event, (problem) => new ArgumentError(problem))
  }

  /** @throws {@link PermanentError} where the data does not fit: no retry would mend it. */
  incoming(event: BaseEvent, place: KafkaErrorFields): Promise<BaseEvent> {
    return this.#checked(event, (problem) => new PermanentError(problem, place))
  }

  async #checked(event: BaseEvent, fail: (problem: string) => Error): Promise<BaseEvent> {
    const check = this.#checks.get(event.type)
    if (check === undefined) return event
    const { issues, value } = await check(event.data)
    if (issues === undefined) return value === event.data ? event : withData(event, value)
    throw fail(`The data of the event ${quote(event.type, 60)} does not fit its schema: ${describeIssues(issues)}.`)
  }
}
