const FLUSH_BYTES = 64 * 1024

/**
 * Data on stdout, gathered for a turn of the event loop. Who reads it may go away, as `head` does: that is no error, and
 * nothing more is wanted.
 */
export class StandardOutput {
  #waiting: Buffer[] = []
  #bytes = 0
  #isScheduled = false
  #isGone = false

  /** @param onGone Nobody reads any more. */
  constructor(onGone: () => void) {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') return
      this.#isGone = true
      onGone()
    })
  }

  /** What it returns is to be waited for before more is written. */
  write(data: string | Buffer): Promise<void> | undefined {
    const bytes = Buffer.from(data)
    this.#waiting.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes >= FLUSH_BYTES) return this.flush()
    if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(() => {
        this.#isScheduled = false
        void this.flush()
      })
    }
    return undefined
  }

  /** Resolves when what was written is out, or nobody reads it. */
  flush(): Promise<void> | undefined {
    if (this.#bytes === 0 || this.#isGone) return undefined
    const bytes = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#bytes = 0
    return new Promise((resolve) => process.stdout.write(bytes, () => resolve()))
  }
}
