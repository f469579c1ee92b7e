import type { AdminClient } from './client.ts'
import { endOffsets } from './log-offsets.ts'
import type { TimeLeft } from './options.ts'
import { byPlace, type Place, type Position, placeKey } from './place.ts'
import type { GroupMember, PartitionLag } from './types.ts'

/** Of the time for a call, the longest that records may take, all rounds together. */
const RECORD_TIMES_MS = 10_000

/**
 * How far behind groups are, each with the partitions that it has committed of and those that its members own.
 *
 * @param owned The groups, and what their members have.
 */
export async function groupLags(
  client: AdminClient,
  owned: ReadonlyMap<string, readonly Place[]>,
  withTime: boolean,
  leftMs: TimeLeft,
): Promise<Map<string, PartitionLag[]>> {
  const committed = new Map<string, Map<string, Position>>()
  const groups = [...owned.keys()]
  const group = groups.length === 1 ? groups[0] : undefined
  const offsets = await client.ask((native) => native.groupOffsets(groups, leftMs()), { group })
  for (const [index, group] of groups.entries()) {
    const known = (offsets[index] ?? []).filter(({ offset, error }) => offset >= 0 && error == null)
    committed.set(group, new Map(known.map((position) => [placeKey(position), position])))
  }
  const places = new Map([...owned].map(([group, has]) => [group, placesOf(has, committed.get(group))]))
  const ends = await endOffsets(client, unique([...places.values()].flat()), leftMs)
  const lags = new Map<string, PartitionLag[]>()
  for (const [group, all] of places) {
    lags.set(
      group,
      all.map((place) => lagOf(place, committed.get(group)?.get(placeKey(place))?.offset, ends.get(placeKey(place)))),
    )
  }
  if (withTime) await addTimes(client, [...lags.values()].flat(), leftMs)
  return lags
}

function placesOf(owned: readonly Place[], committed: ReadonlyMap<string, Position> | undefined): Place[] {
  return unique([...owned, ...(committed?.values() ?? [])]).sort(byPlace)
}

function unique(places: readonly Place[]): Place[] {
  return [
    ...new Map(places.map(({ topic, partition }) => [placeKey({ topic, partition }), { topic, partition }])).values(),
  ]
}

function lagOf({ topic, partition }: Place, committed: number | undefined, end: number | undefined): PartitionLag {
  const isKnown = committed !== undefined && end !== undefined
  // a topic that was made again may end before
  const lag = isKnown ? Math.max(0, end - committed) : null
  return { topic, partition, committed: committed ?? null, end: end ?? null, lag }
}

async function addTimes(client: AdminClient, lags: readonly PartitionLag[], leftMs: TimeLeft): Promise<void> {
  const times = new Map<string, Map<number, number>>()
  const endsAt = performance.now() + Math.min(leftMs(), RECORD_TIMES_MS)
  const behind = lags.filter(({ lag }) => lag !== null && lag > 0)
  // two groups may stand at different offsets of a partition, which a consumer reads one at a time
  for (let rest = behind; rest.length > 0 && performance.now() < endsAt; ) {
    const round = [...new Map(rest.map((lag) => [placeKey(lag), lag])).values()]
    const positions = round.map(({ topic, partition, committed }) => ({
      topic,
      partition,
      offset: committed as number,
    }))
    const read = await client.recordTimes(positions, Math.ceil(endsAt - performance.now()))
    for (const position of positions) {
      const key = placeKey(position)
      const known = times.get(key) ?? new Map<number, number>()
      times.set(key, known.set(position.offset, read.get(key) ?? Number.NaN))
    }
    rest = rest.filter((lag) => !times.get(placeKey(lag))?.has(lag.committed as number))
  }
  const now = Date.now()
  for (const lag of lags) {
    const time = lag.committed === null ? undefined : times.get(placeKey(lag))?.get(lag.committed)
    if (lag.lag === 0) lag.lagMs = 0
    else lag.lagMs = time === undefined || Number.isNaN(time) ? null : Math.max(0, now - time)
  }
}

/** The same with the member that has each partition. */
export function ownedLags(
  lags: readonly PartitionLag[],
  members: readonly GroupMember[],
): Array<PartitionLag & { memberId: string | null }> {
  const owners = new Map(members.flatMap(({ id, partitions }) => partitions.map((place) => [placeKey(place), id])))
  return lags.map((lag) => ({ ...lag, memberId: owners.get(placeKey(lag)) ?? null }))
}

/** The lag over all partitions of which it is known. */
export function sumOf(lags: readonly PartitionLag[]): number {
  return lags.reduce((sum, { lag }) => sum + (lag ?? 0), 0)
}
