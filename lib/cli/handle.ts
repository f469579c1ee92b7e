import { escapeControls } from '../escape.ts'
import type { KafkaService, RecordHandler } from '../index.ts'
import { redactText } from '../redact.ts'
import type { Handlers } from './handlers-file.ts'
import { untilSignal } from './until-signal.ts'

const MOST_TEXT = 1_000

/** Options of every command that hands records to the functions of a file. */
export interface HandleFlags {
  group?: string
  fromBeginning?: boolean
  concurrency?: number
  /** The values of records are not logged. */
  quiet?: boolean
}

/** Hands the records of each topic to its function, until SIGTERM or SIGINT. Then the service is closed. */
export async function handleUntilSignal(service: KafkaService, handlers: Handlers, flags: HandleFlags): Promise<void> {
  let isEnding = false
  const ended = untilSignal(() => {
    isEnding = true
    return service.disconnect()
  })
  try {
    await handle(service, handlers, flags)
  } catch (error) {
    // who is told to end while he joins did not fail
    if (!isEnding) {
      await service.disconnect()
      throw error
    }
  }
  await ended
}

/** Joins the group. */
async function handle(service: KafkaService, handlers: Handlers, flags: HandleFlags): Promise<void> {
  const { group, fromBeginning, concurrency, quiet } = flags
  await service.connectProducer()
  await service.connectConsumer(group)
  // without it a record that fails is seen to come again, and not why
  service.on('retry', ({ topic, partition, offset, attempt, afterMs, error }) => {
    const what = `${topic} [${partition}] @ ${offset} failed in attempt ${attempt}, again in ${afterMs} ms`
    tell('handler', `${what}: ${textOf(error)}`)
  })
  tell('consumer', `Connected -> ${[service.config.brokers].flat().join(',')}`)
  const given = {
    ...(fromBeginning !== undefined && { fromBeginning }),
    ...(concurrency !== undefined && { concurrency }),
  }
  const joins = [...handlers].map(([topic, handler]) =>
    service.subscribe(topic, quiet ? handler : told(handler), given),
  )
  await Promise.all(joins)
  tell('consumer', `Subscribed: ${[...handlers.keys()].join(' ')}`)
}

function told(handler: RecordHandler): RecordHandler {
  const telling: RecordHandler = (message, context) => {
    tell('handler', `${context.topic} payload=${JSON.stringify(message)}`)
    return handler(message, context)
  }
  return Object.defineProperty(telling, 'name', { value: handler.name })
}

/** A line of an error that may be anybody's. */
function textOf(error: Error): string {
  try {
    return redactText(String(error).slice(0, MOST_TEXT))
  } catch {
    return 'an error that cannot be read'
  }
}

function tell(who: string, what: string): void {
  process.stderr.write(`[${who}] ${escapeControls(what)}\n`)
}
