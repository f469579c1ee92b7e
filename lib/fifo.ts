/** First in, first out. Taking from it costs the same however long it is, unlike an array's `shift`. */
export class Fifo<T> {
  /** Those before the head are gone. */
  #items: Array<T | undefined> = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head += 1
    if (this.#head === this.#items.length) this.#replace([])
    else if (this.#head >= 1024 && this.#head > this.#items.length / 2) this.#replace(this.#items.slice(this.#head))
    return item
  }

  /** Keeps what fits, in order. */
  filter(fits: (item: T) => boolean): void {
    this.#replace(this.clear().filter(fits))
  }

  /** Empties it; gives what was in it. */
  clear(): T[] {
    const items = this.#items.slice(this.#head) as T[]
    this.#replace([])
    return items
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let at = this.#head; at < this.#items.length; at += 1) yield this.#items[at] as T
  }

  #replace(items: Array<T | undefined>): void {
    this.#items = items
    this.#head = 0
  }
}
