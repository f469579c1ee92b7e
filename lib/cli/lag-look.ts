import type { GroupDescription, KafkaError, KafkaService, PartitionLag } from '../index.ts'

/** A partition of a group as it was seen last. */
export interface Seen extends PartitionLag {
  group: string
  isOwned: boolean | undefined
}

/**
 * The partitions of groups. The embedded broker tells neither groups nor their members, but it does tell what they have
 * committed.
 *
 * @param given Names of groups, each of which has to be there. None: all that there are.
 */
export async function look({ admin }: Pick<KafkaService, 'admin'>, given: string[], time: boolean): Promise<Seen[]> {
  const names = given.length > 0 ? given : (await admin.groups.list()).map(({ group }) => group)
  try {
    const described = await (given.length > 0
      ? admin.groups.describe(names, { time })
      : describeLeft(admin, names, time))
    return described.flatMap(({ group, partitions }) =>
      partitions.map(({ memberId, ...partition }) => ({ group, ...partition, isOwned: memberId !== null })),
    )
  } catch (error) {
    if ((error as KafkaError).code !== 'NARAD_EMBEDDED_UNSUPPORTED') throw error
    const all: Seen[] = []
    for (const group of names) {
      const offsets = await admin.groups.offsets(group, { time })
      all.push(...offsets.map((offset) => ({ group, ...offset, isOwned: undefined })))
    }
    return all
  }
}

/** Describes groups but for those that are gone since they were listed: one of them fails the question for all. */
async function describeLeft(admin: KafkaService['admin'], names: string[], time: boolean): Promise<GroupDescription[]> {
  try {
    return await admin.groups.describe(names, { time })
  } catch (error) {
    if ((error as KafkaError).code !== 'NARAD_UNKNOWN_GROUP') throw error
    if (names.length === 1) return []
    const half = Math.ceil(names.length / 2)
    const halves = [names.slice(0, half), names.slice(half)].map((some) => describeLeft(admin, some, time))
    return (await Promise.all(halves)).flat()
  }
}
