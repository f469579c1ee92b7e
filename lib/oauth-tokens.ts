import type { OauthToken } from './config/types.ts'
import { after } from './delay.ts'
import { describeType } from './describe.ts'
import { AuthenticationError, fromNative, type KafkaError } from './errors.ts'
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
  readonly #takers = new Set<TokenTaker>()
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
   * @throws {@link AuthenticationError} where there is none.
   */
  async give(taker: TokenTaker): Promise<void> {
    this.#current ??= this.#ask().catch((error: unknown) => {
      this.#current = undefined
      throw error
    })
    const token = await this.#current
    this.#takers.add(taker)
    const refused = taker.setToken(token)
    if (refused !== null) throw fromNative(refused)
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
    this.#timer = setTimeout(() => void this.#refresh(), Math.min(ms, MOST_MS))
    this.#timer.unref()
  }

  async #refresh(): Promise<void> {
    try {
      const token = await this.#ask()
      this.#current = Promise.resolve(token)
      for (const taker of this.#takers) this.#hand(taker, token)
    } catch (error) {
      if (this.#isStopped) return
      this.#onError(error as KafkaError)
      this.#refreshAfter(RETRY_MS)
    }
  }

  #hand(taker: TokenTaker, token: NativeToken): void {
    try {
      const refused = taker.setToken(token)
      if (refused !== null) this.#onError(fromNative(refused))
    } catch {
      // closed
      this.#takers.delete(taker)
    }
  }
}

const LATE = Symbol('late')

/** @throws {@link AuthenticationError} for what is no token; the message shows nothing of it. */
function toNative(given: unknown): NativeToken {
  const { value, expiresAtMs, principal, extensions = {} } = (given ?? {}) as Partial<OauthToken>
  if (typeof value !== 'string' || value === '') {
    throw new AuthenticationError(`The function sasl.token must give { value }, but gave ${describeType(given)}.`)
  }
  const claims = claimsOf(value)
  const ends = expiresAtMs ?? (typeof claims.exp === 'number' ? claims.exp * 1_000 : undefined)
  if (typeof ends !== 'number' || !Number.isFinite(ends)) {
    throw new AuthenticationError('The token is no JWT with "exp": sasl.token must also give expiresAtMs.')
  }
  return {
    value,
    expiresAtMs: Math.floor(ends),
    principal: principal ?? (typeof claims.sub === 'string' ? claims.sub : 'narad'),
    extensions: Object.entries(extensions).flat(),
  }
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
