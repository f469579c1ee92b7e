import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import {
  createLogger,
  type EntryLevel,
  LOG_LEVELS,
  type Logger,
  type LogLevel,
  type LogMethod,
  readableFields,
} from '../logger.ts'
import { checkOptions, integer, optional } from '../options.ts'
import { KafkaService, kafkaService } from '../service.ts'
import { checkTopicName } from '../topics.ts'
import { parsePino, type SystemLogLevel } from './pino-line.ts'
import { Shipper } from './shipper.ts'

/** Options of {@link systemLogger}. */
export interface SystemLoggerOptions {
  /** The field `service` of every entry: who logs. Default: the configured `clientId`. */
  service?: string
  /** Whose producer sends the entries, once it is connected. Default: the `kafkaService` that all modules share. */
  kafka?: KafkaService
  /**
   * The topic of the entries.
   *
   * @defaultValue `system-logs`
   */
  topic?: string
  /**
   * The least level that is sent.
   *
   * @defaultValue `info`
   */
  level?: LogLevel
  /**
   * Entries that wait to be sent, 1 to 1,000,000; beyond them, and beyond 16 Mi characters, the oldest are dropped.
   *
   * @defaultValue `10000`
   */
  maxEntries?: number
}

/** An entry as it is written to the topic. */
export interface SystemLogEntry {
  service: string
  level: SystemLogLevel
  message: string
  /** The fields that were logged, without secrets. */
  data: Record<string, unknown>
  /** ISO 8601, in UTC. */
  timestamp: string
}

/** A logger of pino's shape whose entries go to a topic. No call of it ever throws, waits or logs. */
export interface SystemLogger extends Logger {
  /** A logger that puts these fields into the `data` of each entry; it shares everything else. */
  child(fields: object): SystemLogger
  /**
   * Where pino writes its lines: `pino(options, logger.destination)`, or as one stream of `pino.multistream`. Pino's own
   * level holds for them.
   */
  readonly destination: { write(line: string): void }
  /** Entries that did not fit, or that the brokers refused or did not acknowledge in time. */
  readonly dropped: number
  /**
   * Resolves once what was logged is written or dropped, at the latest after the time. `disconnect()` of the service
   * does as much by itself.
   *
   * @param timeoutMs Default: 5,000.
   */
  flush(timeoutMs?: number): Promise<void>
}

const OPTIONS = ['service', 'kafka', 'topic', 'level', 'maxEntries']
const FLUSH_MS = 5_000

/**
 * Ships what is logged to the topic `system-logs`, in the background: `{ service, level, message, data, timestamp }` as
 * JSON. Entries wait while there is no broker, up to a bound. They pass by all middleware, and failures to send them are
 * only counted, so that it never logs because of itself; it may be the `logger` of its own service.
 *
 * @throws {@link ArgumentError} or {@link TopicError} for wrong options.
 */
export function systemLogger(options: SystemLoggerOptions = {}): SystemLogger {
  const { kafka, topic, level, maxEntries, service } = checked(options)
  const entry = (
    of: SystemLogLevel,
    message: string,
    data: Record<string, unknown>,
    time: Date = new Date(),
  ): string => {
    const all = { service: service ?? kafka.config.clientId, level: of, message, data, timestamp: time.toISOString() }
    return JSON.stringify(all satisfies SystemLogEntry)
  }
  const shipper = new Shipper({
    send: (entries) => KafkaService.sendInBackground(kafka, topic, entries),
    maxEntries,
    gap: (dropped) => entry('WARN', `${dropped} log entries were dropped`, { dropped }),
  })
  const ship = (...given: Parameters<typeof entry>): void => {
    try {
      shipper.add(entry(...given))
    } catch {
      // longer than text can be, or the service's configuration is wrong, which its init() tells
    }
  }
  KafkaService.onDisconnecting(kafka, () => shipper.handOver())
  const loggerWith = (bound: Record<string, unknown>): SystemLogger => {
    const method = (of: EntryLevel) => (fields: object | string, message?: string) => {
      const isText = typeof fields === 'string'
      const data = isText ? bound : { ...bound, ...fields }
      ship(of.toUpperCase() as SystemLogLevel, isText ? fields : (message ?? ''), data)
    }
    // secrets are taken out, and what cannot be read as JSON
    const logger = createLogger({
      level,
      logger: { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') },
      write: () => {},
    })
    return {
      debug: guarded(logger.debug),
      info: guarded(logger.info),
      warn: guarded(logger.warn),
      error: guarded(logger.error),
      child: (fields) => loggerWith({ ...bound, ...readableFields(fields) }),
      destination: {
        write: (line) => {
          const parsed = parsePino(line)
          if (parsed !== undefined) ship(parsed.level, parsed.message, { ...bound, ...parsed.data }, parsed.time)
        },
      },
      get dropped() {
        return shipper.dropped
      },
      flush: (timeoutMs = FLUSH_MS) => shipper.flush(timeoutMs),
    }
  }
  return loggerWith({})
}

/** Whatever it is given: JavaScript checks no types. */
function guarded(write: LogMethod): LogMethod {
  return (fields: object | string, message?: string) => {
    try {
      write(fields as object, message)
    } catch {
      // an entry that cannot be made into text
    }
  }
}

function checked(input: unknown) {
  const {
    service,
    kafka,
    topic = 'system-logs',
    level = 'info',
    maxEntries,
  } = checkOptions(input, OPTIONS, 'systemLogger')
  checkTopicName(topic)
  if (kafka !== undefined && !(kafka instanceof KafkaService)) {
    throw new ArgumentError(`Option "kafka" must be a KafkaService, but is ${describeValue(kafka)}.`)
  }
  if (!LOG_LEVELS.includes(level as LogLevel)) {
    throw new ArgumentError(`Option "level" must be one of ${LOG_LEVELS.join(', ')}, but is ${describeValue(level)}.`)
  }
  return {
    service: optional(service, 'service', 'a name', (value) => typeof value === 'string' && value !== '') as
      | string
      | undefined,
    kafka: kafka ?? kafkaService,
    topic,
    level: level as LogLevel,
    maxEntries: integer(maxEntries, 'maxEntries', 1, 1_000_000, 10_000),
  }
}
