import type { KafkaError, KafkaService, Right } from '../index.ts'
import type { Finding } from './doctor-network.ts'
import { counted } from './output.ts'

/** Notes what a step found, and says whether the next one makes sense. */
export type Tell = (step: string, finding: Finding) => boolean

/** Whether a topic is there and whole, and what the user may do with it. Changes nothing. */
export async function examineTopic(service: KafkaService, topic: string, tell: Tell): Promise<void> {
  let rights: readonly Right[] | undefined
  try {
    const described = await service.admin.topics.describe(topic, { rights: true })
    rights = described.rights
    const without = described.partitions.filter(({ leader }) => leader === null).map(({ partition }) => partition)
    const isWhole = tell(`topic ${topic}`, {
      outcome: without.length === 0 ? 'ok' : 'failed',
      detail: `${counted(described.partitions.length, 'partition')}${without.length === 0 ? '' : `, of which ${without.join(', ')} have no leader`}`,
      ...(without.length > 0 && { remedy: 'the brokers that keep them are down: start one of them' }),
    })
    if (!isWhole) return
  } catch (error) {
    tell(`topic ${topic}`, failure(error, 'create it, or grant DESCRIBE on it'))
    return
  }
  tell(`rights on ${topic}`, await examineReading(service, topic, rights))
  tell(`sending to ${topic}`, sending(rights))
}

/** Whether records come: the broker that leads a partition is asked for them. */
async function examineReading(
  service: KafkaService,
  topic: string,
  rights: readonly Right[] | undefined,
): Promise<Finding> {
  try {
    let count = 0
    for await (const _ of service.read(topic, { from: { beforeEnd: 1 }, to: 'end', codec: 'buffer' })) count += 1
    const may = rights === undefined ? 'whether READ is granted is not told' : 'READ is granted'
    return {
      outcome: 'ok',
      detail: count === 0 ? `${may}; nothing is there to be read` : 'its last records can be read',
    }
  } catch (error) {
    return failure(error, 'grant READ on it')
  }
}

function sending(rights: readonly Right[] | undefined): Finding {
  if (rights === undefined) return { outcome: 'ok', detail: 'whether WRITE is granted is not told' }
  if (rights.includes('WRITE')) return { outcome: 'ok', detail: 'WRITE is granted' }
  const remedy = 'grant WRITE on it, if the service sends to it'
  return { outcome: 'warning', detail: 'WRITE is not granted', remedy }
}

/** Whether a group may be joined. */
export async function examineGroup({ admin }: KafkaService, group: string, tell: Tell): Promise<void> {
  const remedy = 'grant READ on it'
  try {
    const { state, members, rights } = await admin.groups.describe(group, { rights: true })
    const lacks = rights !== undefined && !rights.includes('READ')
    const may = rights === undefined ? 'whether READ is granted is not told' : `READ is ${lacks ? 'not ' : ''}granted`
    const detail = `${state}, ${counted(members.length, 'member')}; ${may}`
    tell(`group ${group}`, { outcome: lacks ? 'failed' : 'ok', detail, ...(lacks && { remedy }) })
  } catch (error) {
    const detail = 'is not there yet; it may be seen, and whether it may be joined (READ) is known once it is there'
    const isNew = (error as KafkaError).code === 'NARAD_UNKNOWN_GROUP'
    tell(`group ${group}`, isNew ? { outcome: 'ok', detail } : failure(error, remedy))
  }
}

/** Whether a group that reads a topic may write its dead letters. */
export async function examineLetters({ admin }: KafkaService, letters: string, tell: Tell): Promise<void> {
  const step = `dead letters in ${letters}`
  try {
    const { rights } = await admin.topics.describe(letters, { rights: true })
    tell(step, sending(rights))
  } catch (error) {
    const { code } = error as KafkaError
    const remedy = 'grant WRITE and CREATE on it, if the service subscribes without dlq: false'
    const detail =
      'the topic is not there yet; subscribing creates it, for which CREATE must be granted: that is not known'
    if (code === 'NARAD_UNKNOWN_TOPIC') tell(step, { outcome: 'ok', detail })
    else
      tell(step, { ...failure(error, remedy), outcome: code === 'NARAD_AUTHORIZATION_FAILED' ? 'warning' : 'failed' })
  }
}

export function failure(error: unknown, remedy: string): Finding {
  const { message, code } = error as KafkaError
  return {
    outcome: 'failed',
    detail: `${message}${code === undefined || message.includes(code) ? '' : ` (${code})`}`,
    remedy,
  }
}
