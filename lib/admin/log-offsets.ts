import { ConsumeError } from '../errors.ts'
import type { NativePosition, NativeSeekTarget } from '../native.ts'
import type { AdminClient } from './client.ts'
import type { LogOffsets } from './types.ts'

/** A partition of a topic. */
export interface Place {
  readonly topic: string
  readonly partition: number
}

/** A partition and an offset in it. */
export interface Position extends Place {
  readonly offset: number
}

// what stands for the two ends of a log
const BEGINNING = -2
const END = -1

function placeKey({ topic, partition }: Place): string {
  return `${topic}/${partition}`
}

/** Where partitions begin and end, in the order in which they are asked for. */
export async function logOffsets(
  client: AdminClient,
  places: readonly Place[],
  timeoutMs: number,
): Promise<LogOffsets[]> {
  const [beginnings, ends] = await Promise.all([
    ask(client, places, BEGINNING, timeoutMs),
    ask(client, places, END, timeoutMs),
  ])
  return places.map((place) => ({
    partition: place.partition,
    beginning: beginnings.get(placeKey(place)) as number,
    end: ends.get(placeKey(place)) as number,
  }))
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
  timeoutMs: number,
): Promise<Position[]> {
  const at = async (time: number) => {
    const offsets = await ask(client, places, time, timeoutMs)
    return places.map((place) => ({ ...place, offset: offsets.get(placeKey(place)) as number }))
  }
  if (target.kind === 'beginning') return at(BEGINNING)
  if (target.kind === 'end') return at(END)
  if (target.kind === 'timestamp') {
    const found = await at(target.value)
    // no record is as late as that
    const ends = found.some(({ offset }) => offset < 0) ? await ask(client, places, END, timeoutMs) : undefined
    return found.map((place) => (place.offset < 0 ? { ...place, offset: ends?.get(placeKey(place)) as number } : place))
  }
  const logs = await logOffsets(client, places, timeoutMs)
  return places.map((place, index) => {
    const { beginning, end } = logs[index] as LogOffsets
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
  timeoutMs: number,
): Promise<Map<string, number>> {
  const answers = await list(client, places, time, timeoutMs)
  const failed = answers.find(({ error }) => error != null)?.error
  if (failed != null) await client.ask(async () => failed)
  return new Map(answers.map((answer) => [placeKey(answer), answer.offset]))
}

function list(
  client: AdminClient,
  places: readonly Place[],
  time: number,
  timeoutMs: number,
): Promise<NativePosition[]> {
  const times = places.map(({ topic, partition }) => ({ topic, partition, offset: time }))
  return client.ask((native) => native.listOffsets(times, timeoutMs))
}
