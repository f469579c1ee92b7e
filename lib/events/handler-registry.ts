import { describeValue } from '../describe.ts'
import { ArgumentError } from '../errors.ts'
import { statelessPattern } from '../topics.ts'

/** A name of an event type; one with `*` is a pattern, in which each `*` stands for any text; a RegExp is another. */
export type TypePattern = string | RegExp

type Test = (type: string) => boolean

interface Entry<Handler> {
  readonly fits: Test
  readonly handler: Handler
}

/** Types come from records, so how many there are is for others to say. */
const MOST_REMEMBERED = 10_000

/** Which handlers an event type has. Each type is matched once, and looked up from then on. */
export class HandlerRegistry<Handler> {
  #entries: ReadonlyArray<Entry<Handler>> = []
  readonly #found = new Map<string, readonly Handler[]>()

  /**
   * @returns What takes the handler away again.
   * @throws {@link ArgumentError} for what is no type and no pattern.
   */
  add(pattern: TypePattern, handler: Handler): () => void {
    const entry = { fits: testOf(pattern), handler }
    this.#set([...this.#entries, entry])
    return () => this.#set(this.#entries.filter((one) => one !== entry))
  }

  #set(entries: ReadonlyArray<Entry<Handler>>): void {
    this.#entries = entries
    this.#found.clear()
  }

  /** The handlers of a type in the order in which they were added. */
  find(type: string): readonly Handler[] {
    return this.#found.get(type) ?? this.#match(type)
  }

  #match(type: string): readonly Handler[] {
    const handlers = this.#entries.filter(({ fits }) => fits(type)).map(({ handler }) => handler)
    // types that nobody handles would push out those that somebody does
    if (handlers.length === 0) return handlers
    if (this.#found.size >= MOST_REMEMBERED) this.#found.clear()
    this.#found.set(type, handlers)
    return handlers
  }
}

function testOf(pattern: unknown): Test {
  if (pattern instanceof RegExp) {
    const expression = statelessPattern(pattern)
    return (type) => expression.test(type)
  }
  if (typeof pattern !== 'string' || pattern === '') {
    throw new ArgumentError(
      'The type of a handler must be a name such as "order.created", a pattern such as "order.*", a RegExp or a class ' +
        `with a static "type", but is ${describeValue(pattern)}.`,
    )
  }
  return pattern.includes('*') ? wildcardTest(pattern) : (type) => type === pattern
}

/** Without a RegExp, whose backtracking a long type could drive up. */
function wildcardTest(pattern: string): Test {
  const [start = '', ...rest] = pattern.split('*')
  const end = rest.pop() ?? ''
  const least = start.length + end.length
  return (type) => {
    if (type.length < least || !type.startsWith(start) || !type.endsWith(end)) return false
    const middle = type.slice(start.length, type.length - end.length)
    let at = 0
    for (const piece of rest) {
      const found = middle.indexOf(piece, at)
      if (found === -1) return false
      at = found + piece.length
    }
    return true
  }
}
