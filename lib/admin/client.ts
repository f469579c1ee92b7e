import { ClosedError, fromNative, type KafkaErrorFields } from '../errors.ts'
import { type NativeAdmin, type NativeAdminEvent, type NativeError, type NativeToken, native } from '../native.ts'
import { type Position, placeKey } from './place.ts'

/** What a client tells the service. */
export interface AdminListener {
  onError(error: NativeError): void
  onLog(level: number, text: string): void
}

/** A service's connection for administration. */
export class AdminClient {
  /** Host and port of brokers, as the client was given them. */
  readonly bootstrap: string
  readonly #native: NativeAdmin
  readonly #listener: AdminListener
  #closing: Promise<void> | undefined

  private constructor(handle: NativeAdmin, bootstrap: string, listener: AdminListener) {
    this.#native = handle
    this.bootstrap = bootstrap
    this.#listener = listener
  }

  /** @throws {@link ConfigError} when librdkafka refuses the properties. */
  static start(properties: Record<string, string>, listener: AdminListener): AdminClient {
    const { startAdmin, NativeAdmin: NativeClass } = native()
    // weak, because the native side keeps the function: a client that was dropped could never be collected
    let weak: WeakRef<AdminClient> | undefined
    const handle = startAdmin(properties, (event) => weak?.deref()?.onEvent(event))
    if (!(handle instanceof NativeClass)) throw fromNative(handle)
    const client = new AdminClient(handle, properties['bootstrap.servers'] ?? '', listener)
    weak = new WeakRef(client)
    return client
  }

  /** Nothing may throw out of here: it is called by the native side. */
  private onEvent(event: NativeAdminEvent): undefined {
    if (event.error !== undefined) this.#listener.onError(event.error)
    else if (event.log !== undefined) this.#listener.onLog(event.log.level, event.log.text)
    return undefined
  }

  /** Logs in with it from now on. */
  setToken(token: NativeToken): NativeError | null {
    return this.#native.setToken(token)
  }

  /** Waits until a broker answers. */
  async connect(timeoutMs: number): Promise<void> {
    await this.ask((handle) => handle.connect(timeoutMs))
  }

  /** Whether a broker answers within the time. */
  answers(timeoutMs: number): Promise<boolean> {
    return this.#closing === undefined ? this.#native.answers(timeoutMs) : Promise.resolve(false)
  }

  /** @param context Fields for the error that the native side does not know. */
  async ask<T>(
    question: (handle: NativeAdmin) => Promise<T | NativeError>,
    context: KafkaErrorFields = {},
  ): Promise<Exclude<T, NativeError>> {
    if (this.#closing !== undefined) throw new ClosedError('The service is disconnecting.')
    const answer = await question(this.#native)
    if (isFailure(answer)) throw fromNative(answer, context)
    return answer as Exclude<T, NativeError>
  }

  /** The times of the records at some offsets, in milliseconds and by place; those that are not known are missing. */
  async recordTimes(positions: readonly Position[], timeoutMs: number): Promise<Map<string, number>> {
    if (positions.length === 0) return new Map()
    const times = await this.ask((handle) => handle.recordTimes([...positions], timeoutMs))
    const known = times.filter(({ offset }) => offset >= 0)
    return new Map(known.map((time) => [placeKey(time), time.offset]))
  }

  /** Ends the client; what is being asked rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#native.close()
    return this.#closing
  }
}

function isFailure(answer: unknown): answer is NativeError {
  return typeof answer === 'object' && answer !== null && 'code' in answer && 'retriable' in answer
}
