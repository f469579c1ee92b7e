import { checkTarget, isCount, type SeekTarget } from '../consumer/seek-target.ts'
import { describeValue } from '../describe.ts'
import { AdminError, ArgumentError, type KafkaError } from '../errors.ts'
import { quote } from '../escape.ts'
import type { NativeGroupInfo, NativeSeekTarget } from '../native.ts'
import { checkOptions, flag, partitionNumbers } from '../options.ts'
import type { AdminClient } from './client.ts'
import { groupLags, ownedLags, sumOf } from './group-lags.ts'
import { offsetsAt, placesOf } from './log-offsets.ts'
import { type AdminCallOptions, callOptions, type TimeLeft, topicNames } from './options.ts'
import { byPlace, type Place, placeKey } from './place.ts'
import type { GroupDescription, GroupListing, GroupState, OffsetReset, PartitionLag, Right } from './types.ts'

/** Options of {@link Groups.offsets}. */
export interface GroupOffsetsOptions extends AdminCallOptions {
  /** Also how far behind the group is in time, `lagMs`: reads a record of each partition with a lag. Default: false. */
  time?: boolean
}

/** Options of {@link Groups.describe}. */
export interface DescribeGroupsOptions extends GroupOffsetsOptions {
  /** Also what the user may do with each. Default: false. */
  rights?: boolean
}

/** Where a group is to go on: as {@link SeekTarget}, or at the first record that is no older than a duration. */
export type ResetTarget = SeekTarget | { agoMs: number }

/** Options of {@link Groups.resetOffsets}. */
export interface ResetOffsetsOptions extends AdminCallOptions {
  to: ResetTarget
  /** Default: all topics that the group has committed offsets of. */
  topics?: string | readonly string[]
  /** Partitions of the one topic that is named. Default: all. */
  partitions?: readonly number[]
  /** Only tells what it would do. Default: false. */
  dryRun?: boolean
}

/** Administration of consumer groups, `kafkaService.admin.groups`. */
export class Groups {
  readonly #client: () => Promise<AdminClient>

  /** @internal Use `kafkaService.admin`. */
  constructor(client: () => Promise<AdminClient>) {
    this.#client = client
  }

  /**
   * All groups, by name.
   *
   * @throws {@link EmbeddedBrokerError}
   */
  async list(options?: AdminCallOptions): Promise<GroupListing[]> {
    const { leftMs } = callOptions(options, [], 'groups.list')
    const client = await this.#client()
    const groups = (await client.ask((native) => native.listGroups(leftMs()))) as GroupListing[]
    return groups.sort((one, other) => (one.group < other.group ? -1 : 1))
  }

  /**
   * State, members, and how far behind it is.
   *
   * @throws {@link AdminError} `NARAD_UNKNOWN_GROUP`, {@link EmbeddedBrokerError}
   */
  async describe(groups: readonly string[], options?: DescribeGroupsOptions): Promise<GroupDescription[]>
  async describe(group: string, options?: DescribeGroupsOptions): Promise<GroupDescription>
  async describe(
    groups: string | readonly string[],
    options?: DescribeGroupsOptions,
  ): Promise<GroupDescription | GroupDescription[]> {
    const { leftMs, time, rights } = callOptions(options, ['time', 'rights'], 'groups.describe')
    const names = groupNames(groups)
    const [withTime, withRights] = [flag(time, 'time'), flag(rights, 'rights')]
    if (names.length === 0) return []
    const client = await this.#client()
    const group = names.length === 1 ? names[0] : undefined
    const described = await client.ask((native) => native.describeGroups(names, withRights, leftMs()), { group })
    const owned = new Map(described.map((info) => [info.group, placesOwned(checkKnown(info))]))
    const lags = await groupLags(client, owned, withTime, leftMs)
    const all = described.map((info) => description(info, lags.get(info.group) ?? []))
    return typeof groups === 'string' ? (all[0] as GroupDescription) : all
  }

  /** What a group has committed, and how far behind it is; also where it has neither members nor a state. */
  async offsets(group: string, options?: GroupOffsetsOptions): Promise<PartitionLag[]> {
    const { leftMs, time } = callOptions(options, ['time'], 'groups.offsets')
    const [name = ''] = groupNames(group)
    const withTime = flag(time, 'time')
    const client = await this.#client()
    const lags = await groupLags(client, new Map([[name, []]]), withTime, leftMs)
    return lags.get(name) ?? []
  }

  /**
   * Lets a group without members go on somewhere else.
   *
   * @returns What was committed before, and what is now.
   * @throws {@link AdminError} `NARAD_GROUP_IN_USE` while it has members, `NARAD_UNKNOWN_GROUP` where it has committed
   *   nothing and no topics are named; {@link ConsumeError} `NARAD_OFFSET_OUT_OF_RANGE` for an offset that a log does not
   *   have; {@link TopicError}
   */
  async resetOffsets(group: string, options: ResetOffsetsOptions): Promise<OffsetReset[]> {
    const known = ['to', 'topics', 'partitions', 'dryRun']
    const { leftMs, to, topics, ...given } = callOptions(options, known, 'groups.resetOffsets')
    const [name = ''] = groupNames(group)
    const [partitions, dryRun] = [partitionNumbers(given.partitions), flag(given.dryRun, 'dryRun')]
    const target = resetTarget(to)
    const named = topics === undefined ? undefined : topicNames(topics)
    if (partitions !== undefined && named?.length !== 1) {
      throw new ArgumentError('Option "partitions" needs the one topic that they belong to, as "topics".')
    }
    const client = await this.#client()
    const [committed = []] = await client.ask((native) => native.groupOffsets([name], leftMs()), { group: name })
    const before = new Map(committed.filter(({ offset }) => offset >= 0).map((one) => [placeKey(one), one]))
    const places: Place[] = []
    for (const topic of named ?? []) places.push(...(await placesOf(client, topic, partitions, leftMs)))
    if (named === undefined) places.push(...before.values())
    if (places.length === 0) {
      const text = `Group ${quote(name)} has committed nothing: name the topics whose offsets are to be set.`
      throw new AdminError(text, { code: 'NARAD_UNKNOWN_GROUP', group: name })
    }
    await checkUnused(client, name, leftMs)
    const offsets = (await offsetsAt(client, places, target, leftMs)).sort(byPlace)
    if (!dryRun) {
      const positions = offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
      await client.ask((native) => native.alterGroupOffsets(name, positions, leftMs()), { group: name })
    }
    return offsets.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      from: before.get(placeKey({ topic, partition }))?.offset ?? null,
      to: offset,
    }))
  }

  /**
   * Forgets groups without members, and what they have committed. Where one is refused, others may be gone.
   *
   * @throws {@link AdminError} `NARAD_GROUP_IN_USE`, `NARAD_UNKNOWN_GROUP`; {@link EmbeddedBrokerError}
   */
  async delete(groups: string | readonly string[], options?: AdminCallOptions): Promise<void> {
    const { leftMs } = callOptions(options, [], 'groups.delete')
    const names = groupNames(groups)
    if (names.length === 0) return
    const client = await this.#client()
    const group = names.length === 1 ? names[0] : undefined
    await client.ask((native) => native.deleteGroups(names, leftMs()), { group })
  }
}

/** @throws {@link ArgumentError} */
function groupNames(groups: string | readonly string[]): string[] {
  const names = [groups].flat() as unknown[]
  const wrong = names.find((name) => typeof name !== 'string' || name === '')
  if (wrong === undefined && !names.includes(undefined)) return [...new Set(names as string[])]
  throw new ArgumentError(`A consumer group must be a name, but is ${describeValue(wrong)}.`)
}

/** @throws {@link ArgumentError} */
function resetTarget(to: unknown): NativeSeekTarget {
  if (typeof to !== 'object' || to === null || !('agoMs' in to)) return checkTarget(to, 'Option "to"')
  const { agoMs } = checkOptions(to, ['agoMs'], 'option "to"')
  if (isCount(agoMs) && agoMs <= Date.now()) return { kind: 'timestamp', value: Date.now() - agoMs }
  throw new ArgumentError(`"agoMs" must be a duration in milliseconds, but is ${describeValue(agoMs)}.`)
}

/** The broker refuses it as well, in words that do not tell why. */
async function checkUnused(client: AdminClient, group: string, leftMs: TimeLeft): Promise<void> {
  let members: number
  try {
    const [info] = await client.ask((native) => native.describeGroups([group], false, leftMs()))
    members = info?.members.length ?? 0
  } catch (error) {
    const { code } = error as KafkaError
    // an embedded broker does not tell, and one that is not there has no members
    if (code === 'NARAD_UNKNOWN_GROUP' || code === 'NARAD_EMBEDDED_UNSUPPORTED') return
    throw error
  }
  if (members === 0) return
  throw new AdminError(
    `Offsets of group ${quote(group)} cannot be changed while it has members, now ${members}: stop them first.`,
    { code: 'NARAD_GROUP_IN_USE', group },
  )
}

/** Brokers before Kafka 4 describe a group that is not there as dead. */
function checkKnown(info: NativeGroupInfo): NativeGroupInfo {
  if (info.state !== 'Dead' || info.members.length > 0) return info
  const { group } = info
  throw new AdminError(`Group ${quote(group)} cannot be described: there is no such group.`, {
    code: 'NARAD_UNKNOWN_GROUP',
    group,
  })
}

function placesOwned({ members }: NativeGroupInfo): Place[] {
  return members.flatMap(({ partitions }) => partitions)
}

function description(info: NativeGroupInfo, lags: readonly PartitionLag[]): GroupDescription {
  const { group, state, protocol, assignor, coordinator } = info
  const members = info.members.map(({ id, clientId, instanceId, host, partitions }) => ({
    id,
    clientId,
    ...(instanceId != null && { instanceId }),
    host: host.replace(/^\//, ''),
    partitions: partitions.sort(byPlace),
  }))
  return {
    group,
    state: state as GroupState,
    protocol: protocol as GroupDescription['protocol'],
    assignor,
    coordinator: coordinator == null ? null : { id: coordinator.id, host: coordinator.host, port: coordinator.port },
    members,
    partitions: ownedLags(lags, members),
    lag: sumOf(lags),
    ...(info.rights != null && { rights: info.rights as Right[] }),
  }
}
