import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Executor } from '../../lib/consumer/executor.ts'
import type { RecordContext } from '../../lib/consumer/record.ts'
import type { Completions } from '../../lib/consumer/reports.ts'
import type { Parked } from '../../lib/consumer/runner.ts'
import { ack, deadLetter, retry } from '../../lib/delivery/verdict.ts'
import { BusinessError, PermanentError, TransientError } from '../../lib/errors.ts'
import { batchOf } from './native-batch.ts'
import { FakeClock, LETTER, PARKS, runnerBed } from './runner-bed.ts'

/** What happened in a run. */
export interface EngineRun {
  late: number
  retries: number
  lostLetters: number
  notRun: number
  outages: number
  /** Records that had used up their retries in an outage, and were handled all the same. */
  spared: number
}

export interface Simulation {
  /** How often all that is in memory is lost, at moments of chance, and what was not committed delivered again. */
  readonly crashes: number
  /** Whether what handlers need is down at times of chance. */
  readonly hasOutages: boolean
}

const TIMEOUT_MS = 1_000
const PARTITIONS = 4

/** A partition's log and what is known to be finished of it; the record at an offset has a lane. */
interface Partition {
  readonly lanes: readonly number[]
  readonly ended: Set<number>
  /** What is delivered next. */
  next: number
  committed: number
  isDropped: boolean
}

interface Delivered {
  readonly partition: Partition
  readonly offset: number
  fate: 'out' | 'held' | 'done' | 'not run'
}

/** The native side of one executor: what is out, and the position that may be committed. */
class NativeModel implements Completions {
  readonly batches = new Map<number, Delivered[]>()
  /** Of an executor that crashed: nobody hears it. */
  isDead = false
  readonly #run: EngineRun

  constructor(run: EngineRun) {
    this.#run = run
  }

  completeAll(batch: number): void {
    for (const record of this.batches.get(batch) ?? []) this.#end(record, 'done')
  }

  complete(batch: number, outcomes: Uint32Array): void {
    for (const outcome of outcomes) {
      const record = this.batches.get(batch)?.[outcome >> 2]
      assert.ok(record !== undefined, 'a report of a record that was not delivered')
      if ((outcome & 3) === 3) {
        assert.equal(record.fate, 'out', 'held once, and before its end')
        record.fate = 'held'
      } else {
        assert.notEqual(outcome & 3, 1, 'nothing stops a partition here')
        this.#end(record, (outcome & 3) === 0 ? 'done' : 'not run')
      }
    }
  }

  get left(): number {
    return [...this.batches.values()].flat().filter(({ fate }) => fate === 'out' || fate === 'held').length
  }

  #end(record: Delivered, fate: 'done' | 'not run'): void {
    assert.ok(record.fate === 'out' || record.fate === 'held', `offset ${record.offset} ends twice`)
    record.fate = fate
    if (fate === 'not run') this.#run.notRun += 1
    if (this.isDead || record.partition.isDropped) return
    const { partition } = record
    if (fate === 'not run') return
    partition.ended.add(record.offset)
    while (partition.ended.has(partition.committed)) partition.committed += 1
  }
}

/** Numbers of chance from 0 to less than `below`, the same for the same seed. */
export function chance(seed: number): (below: number) => number {
  let state = seed | 0
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/**
 * One run of an executor, or of several where it crashes, over logs of chance with handlers of chance. Fails when a
 * promise of the engine is broken.
 */
export async function simulate(seed: number, { crashes, hasOutages }: Simulation): Promise<EngineRun> {
  const random = chance(seed)
  const run: EngineRun = { late: 0, retries: 0, lostLetters: 0, notRun: 0, outages: 0, spared: 0 }
  const lanes = 1 + random(4)
  const partitions = Array.from({ length: PARTITIONS }, (_, slot): Partition => {
    const ofRecords = Array.from({ length: random(20) }, () => {
      // a lane belongs to one partition
      const lane = random(lanes + 1) - 1
      return lane < 0 ? lane : lane * PARTITIONS + slot
    })
    return { lanes: ofRecords, ended: new Set(), next: 0, committed: 0, isDropped: false }
  })
  /** What the handler did or a letter tells, whether or not it was heard. */
  const handled = partitions.map(() => new Set<number>())
  for (let life = crashes; life >= 0; life -= 1) {
    await new Life(random, run, partitions, handled, hasOutages).pass(life > 0)
    for (const partition of partitions) partition.next = partition.committed
  }
  for (const [at, partition] of partitions.entries()) {
    if (partition.isDropped) continue
    assert.equal(partition.committed, partition.lanes.length, `partition ${at} is not finished`)
    for (const offset of partition.lanes.keys())
      assert.ok(handled[at]?.has(offset), `${at}/${offset} was never handled`)
  }
  return run
}

/** From a start to a crash, or to the end. */
class Life {
  readonly #random: (below: number) => number
  readonly #run: EngineRun
  readonly #partitions: readonly Partition[]
  readonly #handled: ReadonlyArray<Set<number>>
  readonly #clock = new FakeClock()
  readonly #native: NativeModel
  readonly #executor: Executor
  readonly #concurrency: number
  /** Handlers that run, with when they began. */
  readonly #running = new Map<RecordContext, number>()
  /** The last offset that was begun of each lane of this life; the same again is a retry. */
  readonly #last = new Map<number, number>()
  readonly #ended: Array<Set<number>>
  readonly #laneRuns = new Set<number>()
  readonly #hanging: Array<() => void> = []
  readonly #hasOutages: boolean
  /** What handlers need. */
  #isDown = false
  /** The executor takes it for an outage. */
  #isOutage = false
  /** Handlers that began since then. */
  readonly #probes = new Set<RecordContext>()
  #isStopped = false
  #batches = 0

  constructor(
    random: (below: number) => number,
    run: EngineRun,
    partitions: readonly Partition[],
    handled: ReadonlyArray<Set<number>>,
    hasOutages: boolean,
  ) {
    this.#random = random
    this.#run = run
    this.#partitions = partitions
    this.#handled = handled
    this.#hasOutages = hasOutages
    this.#ended = partitions.map(() => new Set())
    this.#native = new NativeModel(run)
    this.#concurrency = 1 + random(6)
    const outage = { keys: 2 + random(4), initialDelayMs: 500, maxDelayMs: 4_000 }
    const delivery = { ...PARKS, timeoutMs: TIMEOUT_MS, maxDelayMs: 4_000, outage: hasOutages ? outage : undefined }
    const bed = runnerBed({ delivery, clock: this.#clock })
    this.#executor = new Executor({
      ...bed.options,
      listener: {
        ...bed.options.listener,
        onFailure: ({ error }, { attempt }, { kind }) => {
          if (!this.#isOutage || !(error instanceof Down)) return
          assert.equal(kind, 'retry', 'nothing is given up in an outage')
          if (attempt > PARKS.maxRetries) run.spared += 1
        },
        onOutage: ({ state }) => this.#setOutage(state === 'began'),
      },
      completions: this.#native,
      random: () => random(1_000) / 1_000,
      concurrency: this.#concurrency,
      handler: (_, context) => this.#handle(context),
      park: (_, context) => this.#park(context),
    })
  }

  /** Delivers and waits, until all is settled or a crash of chance. */
  async pass(mayCrash: boolean): Promise<void> {
    const steps = mayCrash ? this.#random(25) : 10_000
    for (let step = 0; step < steps; step += 1) {
      const isDelivered = !this.#deliver()
      if (isDelivered && this.#native.left === 0) break
      assert.ok(step < 9_999, `${this.#native.left} records are stuck`)
      const what = this.#random(10)
      if (what < 3) await nextTurn()
      else if (what < 7) await this.#wait(this.#random(what === 6 ? 20_000 : 1_500))
      // what hangs settles some day, in any order
      else this.#hanging.splice(this.#random(this.#hanging.length + 1), 1)[0]?.()
      if (this.#hasOutages && changes(this.#isDown, this.#random)) this.#isDown = !this.#isDown
      if (!mayCrash && this.#random(60) === 0) this.#drop()
      if (!mayCrash && this.#random(400) === 0) this.#stop()
      this.#check()
    }
    this.#native.isDead = true
    if (mayCrash) return
    await nextTurn()
    assert.equal(this.#native.left, 0)
    assert.equal(this.#running.size, 0, 'nothing runs after the end')
  }

  #setOutage(isOutage: boolean): void {
    assert.notEqual(isOutage, this.#isOutage, 'an outage begins and ends in turn')
    this.#isOutage = isOutage
    this.#probes.clear()
    if (isOutage) this.#run.outages += 1
  }

  async #wait(ms: number): Promise<void> {
    this.#clock.advance(ms)
    await nextTurn()
  }

  #drop(): void {
    const slot = this.#random(PARTITIONS)
    const partition = this.#partitions[slot] as Partition
    partition.isDropped = true
    this.#executor.drop(new Set([slot]), new Error('revoked'))
  }

  #stop(): void {
    this.#isStopped = true
    // what is given back belongs to the next member, which is not here
    for (const partition of this.#partitions) partition.isDropped = true
    this.#executor.stop()
  }

  /** Hands over some records, of several partitions; false when there are none. */
  #deliver(): boolean {
    const open = this.#partitions.filter(({ isDropped, next, lanes }) => !isDropped && next < lanes.length)
    if (open.length === 0) return false
    if (this.#random(3) > 0) return true
    const delivered = Array.from({ length: 1 + this.#random(12) }, (): Delivered | undefined => {
      const partition = open[this.#random(open.length)] as Partition
      if (partition.next === partition.lanes.length) return undefined
      partition.next += 1
      return { partition, offset: partition.next - 1, fate: 'out' }
    }).filter((record) => record !== undefined)
    if (delivered.length === 0) return true
    this.#batches += 1
    this.#native.batches.set(this.#batches, delivered)
    const records = delivered.map(({ partition, offset }) => {
      return {
        slot: this.#partitions.indexOf(partition),
        offset,
        value: '1',
        ...keyed(partition.lanes[offset] as number),
      }
    })
    this.#executor.accept(batchOf(this.#batches, records))
    return true
  }

  #handle(context: RecordContext): unknown {
    const { partition: slot, offset, attempt } = context
    const partition = this.#partitions[slot] as Partition
    const lane = partition.lanes[offset] as number
    if (this.#native.isDead) return undefined
    assert.equal(partition.isDropped || this.#isStopped, false, 'what was dropped or stopped starts nothing')
    if (lane >= 0) {
      assert.equal(this.#laneRuns.has(lane), false, `lane ${lane} runs twice at once`)
      const last = this.#last.get(lane) ?? -1
      assert.ok(offset > last ? attempt === 1 : offset === last && attempt > 1, `${offset} runs after ${last}`)
      if (offset > last && last >= 0) assert.ok(this.#ended[slot]?.has(last), `${offset} runs before ${last} has ended`)
      this.#last.set(lane, offset)
      this.#laneRuns.add(lane)
    }
    if (attempt > 1) this.#run.retries += 1
    this.#running.set(context, this.#clock.now())
    const nowMs = this.#clock.now()
    const inTime = [...this.#running].filter(([{ signal }, sinceMs]) => {
      // the signal of a dropped one does not tell its deadline
      return !signal.aborted || (!isTimeout(signal.reason) && nowMs - sinceMs < TIMEOUT_MS)
    })
    assert.ok(inTime.length <= this.#concurrency, `${inTime.length} run with a concurrency of ${this.#concurrency}`)
    if (this.#isOutage) {
      const others = [...this.#probes].filter((probe) => this.#running.has(probe) && !probe.signal.aborted)
      assert.deepEqual(others, [], 'one probe at a time')
      this.#probes.add(context)
    }
    const how = this.#random(8)
    if (how < 4) return this.#end(context, lane)
    if (how < 6) return Promise.resolve().then(() => this.#end(context, lane))
    return new Promise<void>((resolve) => this.#hanging.push(resolve)).then(() => this.#end(context, lane))
  }

  /** What a handler ends with. */
  #end(context: RecordContext, lane: number): unknown {
    this.#running.delete(context)
    this.#laneRuns.delete(lane)
    const isLate = context.signal.aborted && isTimeout(context.signal.reason)
    if (isLate) this.#run.late += 1
    if (this.#isDown) throw new Down()
    const how = this.#random(16)
    if (how === 0) return retry()
    if (how === 1) return retry({ afterMs: this.#random(3_000) })
    if (how === 2) throw new TransientError('transient', { retryAfterMs: this.#random(3_000) })
    if (how === 3) throw new Error('unknown')
    if (how === 4 || how === 5) {
      // it goes into a letter, unless it was late
      if (how === 4) return deadLetter('verdict')
      throw new PermanentError('permanent')
    }
    if (!isLate) this.#note(context)
    if (how === 6) throw new BusinessError('business')
    return how === 7 ? ack : undefined
  }

  async #park(context: RecordContext): Promise<Parked> {
    if (this.#random(2) === 0) await new Promise<void>((resolve) => this.#hanging.push(resolve))
    if (this.#random(4) === 0) {
      this.#run.lostLetters += 1
      throw new Error('no leader')
    }
    this.#note(context)
    return LETTER
  }

  #note({ partition, offset }: RecordContext): void {
    // a crash does not undo what a handler did
    this.#handled[partition]?.add(offset)
    this.#ended[partition]?.add(offset)
  }

  /** I3, at any moment. */
  #check(): void {
    for (const [at, { committed }] of this.#partitions.entries()) {
      for (let offset = 0; offset < committed; offset += 1) {
        assert.ok(this.#handled[at]?.has(offset), `${at}/${offset} is committed and was not handled`)
      }
    }
  }
}

/** What handlers need is down. */
class Down extends Error {
  override readonly name = 'Down'
}

/** It goes down from time to time, and comes back sooner. */
function changes(isDown: boolean, random: (below: number) => number): boolean {
  return random(isDown ? 15 : 40) === 0
}

/** A record of a lane, or of none. */
function keyed(lane: number): { lane: number; key: string | null } {
  return { lane, key: lane < 0 ? null : String(lane) }
}

function isTimeout(reason: unknown): boolean {
  return (reason as Error).name === 'HandlerTimeoutError'
}
