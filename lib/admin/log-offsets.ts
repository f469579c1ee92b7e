import { describeValue } from '../describe.ts'
import { ArgumentError, ConsumeError } from '../errors.ts'
import type { NativePosition, NativeSeekTarget } from '../native.ts'
import type { AdminClient } from './client.ts'
import type { TimeLeft } from './options.ts'
import { type Place, type Position, placeKey } from './place.ts'
import type { LogOffsets } from './types.ts'

// what stands for the two ends of a log
const BEGINNING = -2
const END = -1

/**
 * The partitions of a topic, all or those that are named.
 *
 * @throws {@link TopicError}, {@link ArgumentError} for one that it does not have.
 */
export async function placesOf(
  client: AdminClient,
  topic: string,
  wanted: readonly number[] | undefined,
  leftMs: TimeLeft,
): Promise<Place[]> {
  const [described] = await client.ask((native) => native.describeTopics([topic], false, leftMs()))
  const places = (described?.partitions ?? []).map(({ partition }) => ({ topic, partition }))
  if (wanted === undefined) return places
  const missing = wanted.find((partition) => places[partition] === undefined)
  if (missing !== undefined) {
    throw new ArgumentError(`Topic ${topic} has no partition ${describeValue(missing)}: it has ${places.length}.`, {
      topic,
    })
  }
  return places.filter(({ partition }) => wanted.includes(partition))
}

/** Where partitions begin and end, in the order in which they are asked for. */
export async function logOffsets(
  client: AdminClient,
  places: readonly Place[],
  leftMs: TimeLeft,
): Promise<LogOffsets[]> {
  const [beginnings, ends] = await Promise.all([
    ask(client, places, BEGINNING, leftMs),
    ask(client, places, END, leftMs),
  ])
  return places.map((place) => ({
    partition: place.partition,
    beginning: beginnings.get(placeKey(place)) as number,
    end: ends.get(placeKey(place)) as number,
  }))
}

/** The ends of partitions; one whose topic is gone is missing. */
export async function endOffsets(
  client: AdminClient,
  places: readonly Place[],
  leftMs: TimeLeft,
): Promise<Map<string, number>> {
  const answers = await list(client, places, END, leftMs)
  const known = answers.filter(({ error }) => error == null)
  return new Map(known.map((answer) => [placeKey(answer), answer.offset]))
}

/**
 * The offset that a target means in each partition.
 *
 * @throws {@link ConsumeError} `NARAD_OFFSET_OUT_OF_RANGE` for one that a log does not have.
 */
export async function offsetsAt(
  client: AdminClient,
  places: readonly Place[],
  target: NativeSeekTarget,
  leftMs: TimeLeft,
): Promise<Position[]> {
  const at = async (time: number) => {
    const offsets = await ask(client, places, time, leftMs)
    return places.map((place) => ({ ...place, offset: offsets.get(placeKey(place)) as number }))
  }
  if (target.kind === 'beginning') return at(BEGINNING)
  if (target.kind === 'end') return at(END)
  if (target.kind === 'timestamp') {
    const found = await at(target.value)
    // no record is as late as that
    const ends = found.some(({ offset }) => offset < 0) ? await ask(client, places, END, leftMs) : undefined
    return found.map((place) => (place.offset < 0 ? { ...place, offset: ends?.get(placeKey(place)) as number } : place))
  }
  const logs = await logOffsets(client, places, leftMs)
  return places.map((place, index) => {
    const { beginning, end } = logs[index] as LogOffsets
    if (target.kind === 'beforeEnd') return { ...place, offset: Math.max(beginning, end - target.value) }
    if (target.kind === 'afterBeginning') return { ...place, offset: Math.min(end, beginning + target.value) }
    if (target.value >= beginning && target.value <= end) return { ...place, offset: target.value }
    const { topic, partition } = place
    throw new ConsumeError(
      `Offset ${target.value} is not in ${topic} [${partition}], whose log goes from ${beginning} to ${end}.`,
      { code: 'NARAD_OFFSET_OUT_OF_RANGE', topic, partition, offset: target.value },
    )
  })
}

/** @throws The first error of a partition. */
async function ask(
  client: AdminClient,
  places: readonly Place[],
  time: number,
  leftMs: TimeLeft,
): Promise<Map<string, number>> {
  const answers = await list(client, places, time, leftMs)
  const failed = answers.find(({ error }) => error != null)?.error
  if (failed != null) await client.ask(async () => failed)
  return new Map(answers.map((answer) => [placeKey(answer), answer.offset]))
}

function list(
  client: AdminClient,
  places: readonly Place[],
  time: number,
  leftMs: TimeLeft,
): Promise<NativePosition[]> {
  const times = places.map(({ topic, partition }) => ({ topic, partition, offset: time }))
  return client.ask((native) => native.listOffsets(times, leftMs()))
}
