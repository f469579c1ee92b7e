import { MAX_DELAY_MS } from '../delay.ts'
import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { checkOptions, integer, optional } from '../options.ts'
import { topicNameProblem } from '../topics.ts'
import type { Classify } from './failure.ts'
import type { OutagePolicy } from './outage.ts'

/** How often and when a record is handled again. */
export interface RetryOptions {
  /**
   * Retries after the first attempt, from 0. Default: the service's `maxRetries`, which is 3 unless it is configured.
   */
  maxRetries?: number
  /**
   * The longest wait before the first retry, in milliseconds. It doubles with each retry, and the wait itself is drawn
   * at random from 0 to it, so that what failed together is not tried together. Default: 1,000, or `maxDelayMs` where
   * that is less.
   */
  initialDelayMs?: number
  /**
   * The longest wait before any retry, in milliseconds, at least `initialDelayMs`. A `retryAfterMs` of an error is kept
   * to even where it is longer. Default: 30,000, or `initialDelayMs` where that is more.
   */
  maxDelayMs?: number
  /**
   * Retry topics, for waits of minutes and more: a record that has used up its retries goes to the first of them, is
   * handled once more when its delay is over, goes to the next if that fails too, and after the last becomes a dead
   * letter. Needs `ordering: 'none'`, since later records of a key do not wait for it. Default: none.
   */
  topics?: readonly RetryTopicOptions[]
}

/** A retry topic, `<topic>.<group>.retry.<delay>`, such as `orders.billing.retry.5m`. */
export interface RetryTopicOptions {
  /** How long a record waits in it after its last attempt, in milliseconds from 1; the same delay may come again. */
  delayMs: number
}

/** Where records go that could not be handled. */
export interface DeadLetterOptions {
  /** One topic for all. Default: the service's `dlqTopic`, or else `<topic>.<group>.dlq` for each topic. */
  topic?: string
}

/** What is taken for an outage: records fail because something is down that all of them need. */
export interface OutageOptions {
  /**
   * How many keys have to fail alike (by name and code of the error and its causes), with no success in between, 2 to
   * 1,000.
   *
   * @defaultValue `10`
   */
  keys?: number
  /**
   * The longest wait before the first probe, in milliseconds. It doubles with each, and the wait itself is drawn at
   * random from 0 to it. Default: that of `retry`, at least 100.
   */
  initialDelayMs?: number
  /** The longest wait before any probe, in milliseconds, at least `initialDelayMs`. Default: that of `retry`, at least 100. */
  maxDelayMs?: number
}

/** What becomes of records whose handler fails. */
export interface DeliveryOptions {
  /** `false`: no retry. */
  retry?: RetryOptions | false
  /** `false`: no dead letters, see `onExhausted`. */
  dlq?: DeadLetterOptions | false
  /**
   * Only with `dlq: false`: what a record does that is given up. `stop` stops its partition before it, so that nothing
   * is lost and nothing goes on; `skip` loses the record.
   *
   * @defaultValue `stop`
   */
  onExhausted?: 'stop' | 'skip'
  /**
   * When many keys fail alike, records wait until a probe succeeds, and nothing is given up meanwhile. `false`: each
   * record is retried and given up for itself.
   */
  outage?: OutageOptions | false
  /** Says what an error of the handler means, before narad does. */
  classify?: Classify
  /**
   * The deadline of each attempt, in milliseconds from 1. When it passes, `context.signal` aborts and the attempt
   * counts as failed; later records of the lane wait until the handler settles. `Infinity`: none.
   *
   * @defaultValue `60000`
   */
  timeoutMs?: number
}

/** The {@link DeliveryOptions} of a subscription with their defaults. */
export interface Delivery {
  readonly maxRetries: number
  readonly initialDelayMs: number
  readonly maxDelayMs: number
  /** The delays of the retry topics, in the order in which a record goes through them. */
  readonly retryTopicsMs: readonly number[]
  /** What becomes of a record that is given up. */
  readonly givenUp: 'park' | 'stop' | 'skip'
  /** The topic of all dead letters; undefined: each topic has its own. */
  readonly deadLetterTopic: string | undefined
  /** Undefined: nothing is taken for one. */
  readonly outage: OutagePolicy | undefined
  readonly classify: Classify | undefined
  /** `Infinity` for none. */
  readonly timeoutMs: number
}

/** What the service's configuration says. */
export interface DeliveryDefaults {
  readonly maxRetries: number
  readonly dlqTopic?: string
}

export const DELIVERY_OPTIONS: ReadonlyArray<keyof DeliveryOptions> = [
  'retry',
  'dlq',
  'onExhausted',
  'outage',
  'classify',
  'timeoutMs',
]

const RETRY_OPTIONS: ReadonlyArray<keyof RetryOptions> = ['maxRetries', 'initialDelayMs', 'maxDelayMs', 'topics']
/** Each other delay has a topic, and a share of the memory for records that wait. */
const MOST_RETRY_TOPICS = 20
const OUTAGE_OPTIONS: ReadonlyArray<keyof OutageOptions> = ['keys', 'initialDelayMs', 'maxDelayMs']
const MAX_RETRIES = 2_147_483_647
const INITIAL_DELAY_MS = 1_000
const LONGEST_DELAY_MS = 30_000
const TIMEOUT_MS = 60_000
const OUTAGE_KEYS = 10
const MOST_OUTAGE_KEYS = 1_000
/** Retries may follow each other at once; probes, of which there is no end, may not unless that is asked for. */
const SHORTEST_PROBE_DELAY_MS = 100

/** @throws {@link ArgumentError} that names the option. */
export function resolveDelivery(options: Record<string, unknown>, defaults: DeliveryDefaults): Delivery {
  const { retry, dlq, onExhausted, outage, classify, timeoutMs } = options
  const retrying = retries(retry, defaults.maxRetries)
  if (retrying.retryTopicsMs.length > 0 && dlq === false) {
    throw new ArgumentError('Option "retry.topics" needs dead letters, for what fails after the last of them.')
  }
  return {
    ...retrying,
    ...deadLetters(dlq, onExhausted, defaults.dlqTopic),
    outage: outages(outage, retrying),
    classify: optional(classify, 'classify', 'a function', (value) => typeof value === 'function') as Classify,
    timeoutMs: deadline(timeoutMs),
  }
}

type Retries = Pick<Delivery, 'maxRetries' | 'initialDelayMs' | 'maxDelayMs' | 'retryTopicsMs'>

function retries(input: unknown, usual: number): Retries {
  if (input === false) return { ...retries({}, usual), maxRetries: 0 }
  const given = input === undefined ? {} : checkOptions(input, RETRY_OPTIONS, 'retry')
  return {
    maxRetries: integer(given.maxRetries, 'retry.maxRetries', 0, MAX_RETRIES, usual),
    ...delays(given, 'retry', { initialDelayMs: INITIAL_DELAY_MS, maxDelayMs: LONGEST_DELAY_MS }),
    retryTopicsMs: retryTopics(given.topics),
  }
}

function outages(input: unknown, { initialDelayMs, maxDelayMs }: Delays): OutagePolicy | undefined {
  if (input === false) return undefined
  const given = input === undefined ? {} : checkOptions(input, OUTAGE_OPTIONS, 'outage')
  return {
    keys: integer(given.keys, 'outage.keys', 2, MOST_OUTAGE_KEYS, OUTAGE_KEYS),
    ...delays(given, 'outage', {
      initialDelayMs: Math.max(initialDelayMs, SHORTEST_PROBE_DELAY_MS),
      maxDelayMs: Math.max(maxDelayMs, SHORTEST_PROBE_DELAY_MS),
    }),
  }
}

type Delays = Pick<Delivery, 'initialDelayMs' | 'maxDelayMs'>

/** One that is given moves the usual other one with it, where that would be on its wrong side. */
function delays(given: Record<string, unknown>, option: string, usual: Delays): Delays {
  const delay = (name: keyof Delays) => integer(given[name], `${option}.${name}`, 0, MAX_DELAY_MS, -1)
  const [initial, longest] = [delay('initialDelayMs'), delay('maxDelayMs')]
  if (initial > longest && longest >= 0) {
    throw new ArgumentError(
      `Option "${option}.initialDelayMs" (${initial}) is more than "${option}.maxDelayMs" (${longest}).`,
    )
  }
  return {
    initialDelayMs: initial < 0 ? Math.min(usual.initialDelayMs, longest < 0 ? usual.maxDelayMs : longest) : initial,
    maxDelayMs: longest < 0 ? Math.max(usual.maxDelayMs, initial) : longest,
  }
}

function retryTopics(input: unknown): number[] {
  if (input === undefined) return []
  if (!Array.isArray(input) || input.length === 0 || input.length > MOST_RETRY_TOPICS) {
    const what = Array.isArray(input) ? `an array of ${input.length}` : describeValue(input)
    throw new ArgumentError(
      `Option "retry.topics" must be an array of 1 to ${MOST_RETRY_TOPICS} objects { delayMs }, but is ${what}.`,
    )
  }
  return input.map((topic: unknown, index) => {
    const name = `retry.topics[${index}]`
    const { delayMs } = checkOptions(topic, ['delayMs'], name)
    if (delayMs === undefined) throw new ArgumentError(`Option "${name}" needs a "delayMs", in milliseconds.`)
    return integer(delayMs, `${name}.delayMs`, 1, MAX_DELAY_MS, 0)
  })
}

function deadLetters(
  input: unknown,
  onExhausted: unknown,
  usual: string | undefined,
): Pick<Delivery, 'givenUp' | 'deadLetterTopic'> {
  const isKnown = (value: unknown) => value === 'stop' || value === 'skip'
  const chosen = optional(onExhausted, 'onExhausted', '"stop" or "skip"', isKnown) as 'stop' | 'skip' | undefined
  if (input === false) return { givenUp: chosen ?? 'stop', deadLetterTopic: undefined }
  if (chosen !== undefined) {
    throw new ArgumentError('Option "onExhausted" has a meaning only with "dlq: false": else there are dead letters.')
  }
  const { topic } = input === undefined ? {} : checkOptions(input, ['topic'], 'dlq')
  const problem = topic === undefined ? undefined : topicNameProblem(topic)
  if (problem !== undefined) throw new ArgumentError(`Option "dlq.topic" ${problem}.`)
  return { givenUp: 'park', deadLetterTopic: (topic as string | undefined) ?? usual }
}

function deadline(timeoutMs: unknown): number {
  if (timeoutMs === undefined) return TIMEOUT_MS
  if (timeoutMs === Number.POSITIVE_INFINITY) return timeoutMs
  if (Number.isInteger(timeoutMs) && Number(timeoutMs) >= 1 && Number(timeoutMs) <= MAX_DELAY_MS) {
    return Number(timeoutMs)
  }
  throw new ArgumentError(
    `Option "timeoutMs" must be a whole number from 1 to ${MAX_DELAY_MS}, or Infinity for no deadline, but is ` +
      `${describeValue(timeoutMs)}.`,
  )
}
