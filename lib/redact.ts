/** What is printed in a secret's place. */
export const REDACTED = '[redacted]'

const SECRET_NAME =
  /^pass$|pass(?:word|wd|phrase|code)|pwd|secret|token|credential|authorization|cookie|jaas|api[-_.]?key|private[-_.]?key|\.pem$|sasl\.oauthbearer\.config/i

// Every repetition that could start anew at each character is bounded, so that long text costs linear time.
const PEM_BLOCK = /-----BEGIN [A-Z0-9 ]{1,40}-----[\s\S]*?(?:-----END [A-Z0-9 ]{1,40}-----|$)/g
const URL_USER_INFO = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]{1,500}@/gi
const BARE_USER_INFO = /(^|[\s,;"'(=])[^\s,;"'(=/@:]{1,200}:[^\s,;"'/@]{1,200}@(?=[a-z[]|\d{1,3}\.\d)/gi
const BEARER = /\b(bearer|basic)\s+[\w.~+/-]{8,}=*/gi
/** `password=x` and `"password":"x"`, as JAAS lines, query strings and JSON have them; prose with a colon is left alone. */
const ASSIGNED =
  /((?:pass(?:word|wd|phrase)|pwd|secret|token|credential|api[-_.]?key|authorization)[\w.-]{0,40})(["']?\s{0,9}=\s{0,9}|["']\s{0,9}:\s{0,9}|:\s{0,9}(?=["']))("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&"']+)/gi

/**
 * A value that only {@link reveal} shows: string conversion, JSON and `util.inspect` (even with `showHidden`) print
 * `[redacted]` instead, so that a configuration may be logged or inspected whole.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself, for the native client alone. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED
  }
}

/** Whether a field or property of this name holds a secret (`password`, `ssl.key.pem`, `sasl.oauthbearer.client.secret`, …). */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** Removes what is recognisable as a secret from text: PEM blocks, user info of URLs, bearer tokens, `password=…`. */
export function redactText(text: string): string {
  return text
    .replace(PEM_BLOCK, REDACTED)
    .replace(URL_USER_INFO, `$1${REDACTED}@`)
    .replace(BARE_USER_INFO, `$1${REDACTED}@`)
    .replace(BEARER, `$1 ${REDACTED}`)
    .replace(ASSIGNED, `$1$2${REDACTED}`)
}

const MAX_CAUSES = 10

/** The error itself when neither it nor its causes show a secret, otherwise a copy of which all that is redacted. */
export function withoutSecrets(cause: unknown): unknown {
  try {
    return redactCause(cause, 0)
  } catch {
    // A proxy, or an error whose getters throw: nothing of it can be looked at.
    return undefined
  }
}

function redactCause(cause: unknown, depth: number): unknown {
  if (typeof cause === 'string') return redactText(cause)
  if (!(cause instanceof Error) || depth > MAX_CAUSES) return cause
  // Whoever threw it may have put anything in these fields.
  const message = typeof cause.message === 'string' ? redactText(cause.message) : String(cause.message)
  const stack = typeof cause.stack === 'string' ? redactText(cause.stack) : undefined
  const inner = redactCause(cause.cause, depth + 1)
  if (message === cause.message && stack === cause.stack && inner === cause.cause) return cause
  const copy = new Error(message, inner === undefined ? undefined : { cause: inner })
  copy.name = cause.name
  if (stack !== undefined) copy.stack = stack
  return 'code' in cause ? Object.assign(copy, { code: cause.code }) : copy
}
