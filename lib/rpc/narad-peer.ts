import { REPLY_HEADERS as NAMES } from '../headers.ts'
import { decimal, headerOf, type Peer } from './peer.ts'

/** narad on both sides. */
export const naradPeer: Peer = {
  idHeader: NAMES.id,
  newId: () => Buffer.from(crypto.randomUUID()),
  requestHeaders: ({ id, topic, partition, deadlineMs }) => ({
    [NAMES.id]: id,
    [NAMES.topic]: topic,
    [NAMES.partition]: String(partition),
    [NAMES.deadline]: String(deadlineMs),
  }),
  readRequest(headers) {
    const [id, topic] = [headerOf(headers, NAMES.id), headerOf(headers, NAMES.topic)]
    if (id === undefined || topic === undefined) return undefined
    const [partition, deadline] = [headerOf(headers, NAMES.partition), headerOf(headers, NAMES.deadline)]
    return {
      id,
      topic: topic.toString(),
      ...(partition !== undefined && { partition: decimal(partition) }),
      ...(deadline !== undefined && { deadlineMs: decimal(deadline) }),
    }
  },
  replyHeaders: (id, failure) => ({
    [NAMES.id]: id,
    ...(failure !== undefined && {
      [NAMES.errorName]: failure.name,
      ...(failure.code !== undefined && { [NAMES.errorCode]: failure.code }),
      [NAMES.errorMessage]: failure.message,
    }),
  }),
  readFailure(headers) {
    const name = headerOf(headers, NAMES.errorName)
    if (name === undefined) return undefined
    return {
      name: name.toString(),
      message: headerOf(headers, NAMES.errorMessage)?.toString() ?? '',
      code: headerOf(headers, NAMES.errorCode)?.toString(),
    }
  },
}
