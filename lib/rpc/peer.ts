import type { CodecOption } from '../codec.ts'
import type { RawHeader } from '../consumer/record.ts'
import { errorField, MAX_NAME_BYTES, MAX_TEXT_BYTES, shownText } from '../error-text.ts'
import type { HeaderValue } from '../message.ts'

/** Whose headers a request and its reply have. */
export type PeerName = 'narad' | 'spring' | 'nest'

/** A request as it is sent. */
export interface OutgoingRequest {
  readonly id: Buffer
  /** Where its reply is waited for. */
  readonly topic: string
  readonly partition: number
  /** When nobody waits any more, in milliseconds since the epoch. */
  readonly deadlineMs: number
}

/** A request as it was received. Whoever sent it may have written anything into it. */
export interface IncomingRequest {
  readonly id: Buffer
  readonly topic: string
  /** `NaN` for what is no number. */
  readonly partition?: number
  readonly deadlineMs?: number
}

/** What is told of an error of the other side. */
export interface RemoteFailure {
  readonly name: string
  readonly message: string
  readonly code?: string | undefined
}

/** Headers by name, in the order in which they are sent. */
export type PeerHeaders = Readonly<Record<string, HeaderValue>>

/** How requests and replies are written by one kind of peer. */
export interface Peer {
  /** How values become bytes there, where it is not as narad's codec does it. */
  readonly codec?: CodecOption
  /** The header by which a reply names its request. */
  readonly idHeader: string
  newId(): Buffer
  requestHeaders(request: OutgoingRequest): PeerHeaders
  /** Undefined where nobody waits for a reply. */
  readRequest(headers: readonly RawHeader[]): IncomingRequest | undefined
  replyHeaders(id: Buffer, failure: RemoteFailure | undefined): PeerHeaders
  readFailure(headers: readonly RawHeader[]): RemoteFailure | undefined
}

/** The last header of a name; undefined where there is none, or it is null. */
export function headerOf(headers: readonly RawHeader[], name: string): Buffer | undefined {
  return headers.findLast(([found]) => found === name)?.[1] ?? undefined
}

/** A number in decimal, `NaN` for anything else. */
export function decimal(bytes: Buffer): number {
  const text = bytes.toString('latin1')
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}

/** What may be told of an error to the other side: no stack, and nothing that looks like a secret. Does not throw. */
export function failureOf(error: Error): RemoteFailure {
  const shown = (field: 'name' | 'message' | 'code', most: number) => {
    const text = errorField(error, field)
    return text === undefined ? undefined : shownText(text, most).toString()
  }
  return {
    name: shown('name', MAX_NAME_BYTES) ?? 'Error',
    message: shown('message', MAX_TEXT_BYTES) ?? '',
    code: shown('code', MAX_NAME_BYTES),
  }
}
