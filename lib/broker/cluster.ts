import { ClosedError, fromNative, type KafkaError } from '../errors.ts'
import { type NativeError, type NativeModule, native } from '../native.ts'
import { isEmbeddedElsewhere } from './elsewhere.ts'

type NativeBroker = InstanceType<NativeModule['NativeBroker']>
type ErrorListener = (error: KafkaError) => void

/** Stopping takes a few milliseconds; this only bounds a defect. */
const STOP_TIMEOUT_MS = 5_000

/**
 * The clusters that run. Somebody who keeps only the address of one goes on using it: it must not be collected, and
 * so stopped, before it is told to stop.
 */
const running = new Set<EmbeddedCluster>()

/** The cluster in this process to which a list of addresses leads. */
export function embeddedAt(bootstrap: string): EmbeddedCluster | undefined {
  const addresses = bootstrap.split(',')
  return [...running].find((cluster) => cluster.bootstrap.split(',').some((address) => addresses.includes(address)))
}

/** Whether a list of addresses leads to an embedded cluster, of this process or of another. */
export function isEmbedded(bootstrap: string): boolean {
  return embeddedAt(bootstrap) !== undefined || isEmbeddedElsewhere(bootstrap)
}

/** A cluster in this process. It does not keep the process alive. */
export class EmbeddedCluster {
  readonly bootstrap: string
  readonly #native: NativeBroker
  readonly #listeners = new Set<ErrorListener>()
  #stopping: Promise<void> | undefined

  private constructor(handle: NativeBroker) {
    this.#native = handle
    this.bootstrap = handle.bootstrap
    running.add(this)
  }

  /** @throws {@link EmbeddedBrokerError} where it cannot listen on the loopback interface. */
  static start(brokers: number): EmbeddedCluster {
    const { startBroker, NativeBroker: NativeClass } = native()
    let cluster: EmbeddedCluster | undefined
    const handle = startBroker({ brokers }, (error) => cluster?.report(error))
    if (!(handle instanceof NativeClass)) throw fromNative(handle)
    cluster = new EmbeddedCluster(handle)
    return cluster
  }

  /** Calls `listener`, which must not throw, when records were dropped, until the returned function is called. */
  onError(listener: ErrorListener): () => void {
    const own: ErrorListener = (error) => listener(error)
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  private report(raw: NativeError): undefined {
    const error = fromNative(raw)
    for (const listener of this.#listeners) listener(error)
    return undefined
  }

  /** @throws {@link EmbeddedBrokerError} with the `kafkaCode` `TOPIC_ALREADY_EXISTS`. */
  createTopic(topic: string, partitions: number, replicationFactor = 1): Promise<void> {
    return this.call((handle) => handle.createTopic(topic, partitions, replicationFactor))
  }

  /** Creates a topic; one that is there already stays as it is. */
  async ensureTopic(topic: string, partitions: number): Promise<void> {
    try {
      await this.createTopic(topic, partitions)
    } catch (error) {
      if ((error as KafkaError).kafkaCode !== 'TOPIC_ALREADY_EXISTS') throw error
    }
  }

  /** Asks the cluster for something. Calls take effect in the order in which they are made. */
  async call(ask: (handle: NativeBroker) => Promise<NativeError | null>): Promise<void> {
    if (this.#stopping !== undefined) throw new ClosedError('The embedded broker was stopped.')
    const error = await ask(this.#native)
    if (error !== null) throw fromNative(error)
  }

  /**
   * Closes its ports and forgets its records. A second call gives the same promise.
   *
   * @throws {@link EmbeddedBrokerError} `NARAD_EMBEDDED_DATA_LOST` where records were dropped before; it is stopped
   * all the same.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const error = await this.#native.stop(STOP_TIMEOUT_MS)
    running.delete(this)
    this.#listeners.clear()
    if (error !== null) throw fromNative(error)
  }
}
