/** How long one probe may take, and the pause between two, in milliseconds. */
const PROBE_TIMEOUT_MS = 2_000
const PROBE_PAUSE_MS = 250

/** librdkafka's errors after which the connection is worth a probe. */
const SUSPICIOUS: ReadonlySet<string> = new Set([
  '_TRANSPORT',
  '_ALL_BROKERS_DOWN',
  '_RESOLVE',
  '_TIMED_OUT',
  '_SSL',
  '_AUTHENTICATION',
])

/**
 * Knows whether a broker can be reached. librdkafka reconnects by itself and tells of a lost connection as of any
 * other error, so an error of that kind starts probes, which go on until a broker answers.
 */
export class ConnectionWatch {
  readonly #answers: (timeoutMs: number) => Promise<boolean>
  readonly #onChange: (isConnected: boolean) => void
  #isConnected = true
  #isProbing = false
  #isStopped = false

  constructor(answers: (timeoutMs: number) => Promise<boolean>, onChange: (isConnected: boolean) => void) {
    this.#answers = answers
    this.#onChange = onChange
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.#isStopped
  }

  /** Takes an error of the native side, by librdkafka's name. */
  suspect(kafkaCode: string | null | undefined): void {
    if (this.#isProbing || this.#isStopped || !SUSPICIOUS.has(kafkaCode ?? '')) return
    this.#isProbing = true
    void this.#probe()
  }

  stop(): void {
    this.#isStopped = true
  }

  async #probe(): Promise<void> {
    while (!this.#isStopped) {
      const answers = await this.#ask()
      if (this.#isStopped) return
      if (answers !== undefined && answers !== this.#isConnected) {
        this.#isConnected = answers
        this.#onChange(answers)
      }
      if (answers) break
      await new Promise((resolve) => setTimeout(resolve, PROBE_PAUSE_MS).unref())
    }
    this.#isProbing = false
  }

  /** A question that could not be put, for want of a thread for instance, tells nothing and is put again. */
  async #ask(): Promise<boolean | undefined> {
    try {
      return await this.#answers(PROBE_TIMEOUT_MS)
    } catch {
      return undefined
    }
  }
}
