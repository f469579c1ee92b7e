import type { GroupHealth } from './consumer/member-health.ts'

/** Whether records go to a broker (`live`), are printed (`log-only`), or nothing is connected. */
export type ServiceMode = 'live' | 'log-only' | 'disconnected'

/** How a service is, as far as it knows without asking anyone. */
export interface Health {
  /** Whether a broker can be reached. */
  status: 'connected' | 'disconnected'
  clientId: string
  /** The brokers to begin with, as configured. */
  brokers: readonly string[] | 'embedded'
  mode: ServiceMode
  /** False when only a restart of the process would help. */
  live: boolean
  /**
   * Whether the service can do its work now: it is connected, and nothing that it needs is known to be down. It needs no
   * partition for that.
   */
  ready: boolean
  /** Why it is not live, or not ready; empty when it is both. */
  reasons: string[]
  /** The consumer groups. */
  groups: GroupHealth[]
}

/** What there is to know of a service. */
export interface ServiceState {
  readonly clientId: string
  readonly brokers: readonly string[] | 'embedded'
  readonly mode: ServiceMode
  readonly isConnected: boolean
  /** Undefined: nothing is connected. */
  readonly connection: ConnectionState | undefined
}

/** What there is to know of a connection. */
export interface ConnectionState {
  readonly isConnecting: boolean
  readonly isClosing: boolean
  readonly groups: readonly GroupHealth[]
}

/** Without a poll for so long, the thread of a consumer, which comes round each second, hangs. */
const LONGEST_POLL_AGE_MS = 60_000
/** A handler that is past its deadline by so much does not come back. */
const LONGEST_OVERDUE_MS = 300_000

export function healthOf({ clientId, brokers, mode, isConnected, connection }: ServiceState): Health {
  const groups = [...(connection?.groups ?? [])]
  const deadly = groups.flatMap(needsRestart)
  const reasons = [...deadly, ...(mode === 'log-only' ? [] : notReady(isConnected, connection, groups))]
  return {
    status: isConnected ? 'connected' : 'disconnected',
    clientId,
    brokers,
    mode,
    live: deadly.length === 0,
    ready: reasons.length === 0,
    reasons,
    groups,
  }
}

function needsRestart({ group, error, pollAgeMs, overdueMs }: GroupHealth): string[] {
  const reasons: string[] = []
  if (error !== undefined) reasons.push(`Group ${group} has failed for good: ${error}`)
  if (pollAgeMs > LONGEST_POLL_AGE_MS) {
    reasons.push(`The thread of group ${group} has not come round for ${Math.round(pollAgeMs)} ms.`)
  }
  if (overdueMs > LONGEST_OVERDUE_MS) {
    reasons.push(`A handler of group ${group} has run for ${Math.round(overdueMs)} ms past its deadline.`)
  }
  return reasons
}

function notReady(
  isConnected: boolean,
  connection: ConnectionState | undefined,
  groups: readonly GroupHealth[],
): string[] {
  if (connection === undefined) return ['Nothing is connected.']
  if (connection.isClosing) return ['The service is disconnecting.']
  const reasons: string[] = []
  if (connection.isConnecting) reasons.push('The service is connecting.')
  else if (!isConnected) reasons.push('No broker answers.')
  for (const { group, outages, deadLetterError } of groups) {
    for (const { topics, error } of outages) {
      reasons.push(`Group ${group} waits for the end of an outage (${topics.join(', ')}): ${error}`)
    }
    if (deadLetterError !== undefined) {
      reasons.push(`Group ${group} cannot write dead letters: ${deadLetterError}`)
    }
  }
  return reasons
}
