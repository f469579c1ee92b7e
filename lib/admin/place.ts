/** A partition of a topic. */
export interface Place {
  readonly topic: string
  readonly partition: number
}

/** A partition and an offset in it. */
export interface Position extends Place {
  readonly offset: number
}

/** A partition as the key of a map. */
export function placeKey({ topic, partition }: Place): string {
  return `${topic}/${partition}`
}

/** By topic, and of a topic by partition. */
export function byPlace(one: Place, other: Place): number {
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1
  return one.partition - other.partition
}
