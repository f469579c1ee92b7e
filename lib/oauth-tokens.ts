import type { OauthToken } from './config/types.ts'
import { after } from './delay.ts'
import { describeType } from './describe.ts'
import { AuthenticationError, ClosedError, fromNative, type KafkaError } from './errors.ts'
import type { NativeError, NativeToken } from './native.ts'

/** What logs in with a token. */
export interface TokenTaker {
  /** Throws once it is closed. */
  setToken(token: NativeToken): NativeError | null
}

/** Of a token's life, after how much the next one is asked for. */
const REFRESH_AT = 0.8
/** After a refresh that failed. */
const RETRY_MS = 10_000
/** The longest that a timer waits. */
const MOST_MS = 2 ** 31 - 1

/** The tokens of a connection: all its clients have the same one, and get the next before it ends. */
export class OauthTokens {
  readonly #provider: () => unknown
  readonly #timeoutMs: number
  readonly #onError: (error: KafkaError) => void
  /** Weak, as the clients of readers come and go, and may be dropped without a close. */
  readonly #takers = new Set<WeakRef<TokenTaker>>()
  #current: Promise<NativeToken> | undefined
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  /** @param onError Is told of a refresh that failed; it is tried again. */
  constructor(provider: () => unknown, timeoutMs: number, onError: (error: KafkaError) => void) {
    this.#provider = provider
    this.#timeoutMs = timeoutMs
    this.#onError = onError
  }

  /**
   * Gives a client the token, and later ones.
   *
   * @throws {@link AuthenticationError} where there is none; {@link ClosedError} where the client was closed meanwhile.
   */
  async give(taker: TokenTaker): Promise<void> {
    this.#current ??= this.#ask().catch((error: unknown) => {
      this.#current = undefined
      throw error
    })
    const token = await this.#current
    if (!this.#live().includes(taker)) this.#takers.add(new WeakRef(taker))
    const failure = failureOf(taker, token)
    if (failure !== undefined) throw failure
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  async #ask(): Promise<NativeToken> {
    const token = await this.#provided()
    const lifeMs = token.expiresAtMs - Date.now()
    if (lifeMs <= 0) throw new AuthenticationError('The token that sasl.token gave has expired.')
    this.#refreshAfter(lifeMs * REFRESH_AT)
    return token
  }

  async #provided(): Promise<NativeToken> {
    let given: unknown
    try {
      given = await Promise.race([this.#provider(), after(this.#timeoutMs).then(() => LATE)])
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : describeType(cause)
      throw new AuthenticationError(`The function sasl.token failed: ${why}`, { cause })
    }
    if (given === LATE) {
      throw new AuthenticationError(`The function sasl.token gave no token within ${this.#timeoutMs} ms.`)
    }
    return toNative(given)
  }

  #refreshAfter(ms: number): void {
    if (this.#isStopped) return
    // weak, because it may wait for days: a service that was dropped could not be collected before
    const weak = new WeakRef(this)
    this.#timer = setTimeout(() => void weak.deref()?.refresh(), Math.min(ms, MOST_MS))
    this.#timer.unref()
  }

  private async refresh(): Promise<void> {
    const errors: KafkaError[] = []
    try {
      const token = await this.#ask()
      this.#current = Promise.resolve(token)
      const failures = this.#live().map((taker) => failureOf(taker, token))
      // a client that is closed needs no next token
      for (const one of failures) if (one !== undefined && !(one instanceof ClosedError)) errors.push(one)
    } catch (error) {
      if (this.#isStopped) return
      this.#refreshAfter(RETRY_MS)
      errors.push(error as KafkaError)
    }
    // last: whoever is told may throw
    for (const error of errors) this.#onError(error)
  }

  /** The takers that are left; forgets the others. */
  #live(): TokenTaker[] {
    const live: TokenTaker[] = []
    for (const weak of this.#takers) {
      const taker = weak.deref()
      if (taker === undefined) this.#takers.delete(weak)
      else live.push(taker)
    }
    return live
  }
}

/** Gives a client a token: what it says against it. */
function failureOf(taker: TokenTaker, token: NativeToken): KafkaError | undefined {
  try {
    const refused = taker.setToken(token)
    return refused === null ? undefined : fromNative(refused)
  } catch (cause) {
    if (CLOSED.test(String(cause))) return new ClosedError('The client was closed before it had its token.', { cause })
    return new AuthenticationError('A client could not be given the token.', { cause })
  }
}

const LATE = Symbol('late')
/** What a native client throws. */
const CLOSED = /the native client is closed/

/** @throws {@link AuthenticationError} for what is no token; the message shows nothing of it. */
function toNative(given: unknown): NativeToken {
  const { value, expiresAtMs, principal, extensions } = (given ?? {}) as Partial<OauthToken>
  if (typeof value !== 'string' || value === '') {
    throw new AuthenticationError(`The function sasl.token must give { value }, but gave ${describeType(given)}.`)
  }
  const claims = claimsOf(value)
  const ends = expiresAtMs ?? (typeof claims.exp === 'number' ? claims.exp * 1_000 : undefined)
  if (typeof ends !== 'number' || !Number.isFinite(ends)) {
    throw new AuthenticationError('The token is no JWT with "exp": sasl.token must also give expiresAtMs.')
  }
  const name: unknown = principal ?? (typeof claims.sub === 'string' ? claims.sub : 'narad')
  if (typeof name !== 'string') {
    throw new AuthenticationError(`The principal of a token must be a string, but is ${describeType(name)}.`)
  }
  return { value, expiresAtMs: Math.floor(ends), principal: name, extensions: pairs(extensions ?? {}) }
}

/** Names and values in turn. */
function pairs(extensions: unknown): string[] {
  const isObject = typeof extensions === 'object' && extensions !== null && !Array.isArray(extensions)
  const flat: unknown[] = isObject ? Object.entries(extensions).flat() : [extensions]
  if (isObject && flat.every((part) => typeof part === 'string')) return flat
  throw new AuthenticationError('The extensions of a token must be an object of strings, by their names.')
}

/** What a JWT says of itself; nothing of another token. */
function claimsOf(token: string): { exp?: unknown; sub?: unknown } {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null ? claims : {}
  } catch {
    return {}
  }
}
