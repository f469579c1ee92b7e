export interface ClusterOptions {
  /** 1 (default) or 3. Each is broker and controller. */
  brokers?: 1 | 3
  /** Port of the first broker; the others get the next ones. Default: random free ports. */
  port?: number
  /** Java heap of each broker, as `-Xmx` takes it. Default `512m`. */
  heap?: string
  /** Broker configuration that goes over the built-in one. */
  properties?: Record<string, string>
  /** Further listeners for clients, by name: their security protocol, such as `SASL_SSL`. */
  listeners?: Record<string, string>
  /** Folder for the data; it is kept on `stop` and used again. Default: a new temporary one, removed on `stop`. */
  dataDir?: string
  /** The ports that clients are told to connect to, one a broker, where a proxy stands before the brokers. */
  advertisedPorts?: number[]
  /** Default 60,000. */
  startTimeoutMs?: number
}

export interface Cluster {
  /** `localhost:PORT`, comma-separated: the bootstrap list. */
  readonly brokers: string
  /** The same of the brokers' own listener, which is plaintext whatever `properties` make of the clients'. */
  readonly internalBrokers: string
  /** The bootstrap list of one of the further `listeners`. */
  listener(name: string): string
  /** The port each broker listens on for clients; index = broker id. */
  readonly ports: readonly number[]
  /** Process ids; undefined where a broker is down. Index = broker id. */
  readonly pids: ReadonlyArray<number | undefined>
  /** Kills every broker; removes the data unless `dataDir` was given. May be called again. */
  stop(): Promise<void>
  /** Ends one broker and waits until its process is gone. Default SIGKILL; SIGTERM is a controlled shutdown. */
  kill(broker: number, signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** Starts a broker again on its port and data, after a SIGTERM if it runs, and waits until it answers. */
  restart(broker: number): Promise<void>
  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(broker: number): void
  /** SIGCONT. */
  resume(broker: number): void
  /** The last lines of a broker's log. */
  logTail(broker: number, lines?: number): string
}

/**
 * Starts Apache Kafka and resolves when every broker answers and knows the others.
 * The brokers do not keep the process alive, and are killed when it ends, in whatever way.
 */
export function startCluster(options?: ClusterOptions): Promise<Cluster>
