import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { HEADERS, message } from 'narad'
import { HANDLED, openPool } from '../../examples/postgres-once.mjs'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { postgresSkip, startPostgres } from '../helpers/postgres.ts'
import { startNode } from '../helpers/process.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const HANDLES = join(__dirname, '..', 'children', 'handles-once.ts')
const EVENTS = 10_000
const KILLS = 3
const bed = kafkaBed()

describe('A handler whose store is in its transaction', { skip: bed.skip || postgresSkip() }, () => {
  test('has the effect of each of 10,000 events once, though each comes twice and its process is killed in between', async (t) => {
    const [brokers, topic, group, url] = [
      await bed.brokers(),
      await bed.topic(3),
      randomGroup(),
      await startPostgres(t),
    ]
    const pool = openPool(url)
    t.after(() => pool.end())
    await pool.query(HANDLED)
    // no key that would hide an effect that comes twice
    await pool.query('CREATE TABLE effects (id int NOT NULL)')
    await pool.query('CREATE TABLE accounts (id int PRIMARY KEY, cents int NOT NULL)')
    await pool.query('INSERT INTO accounts SELECT id, 0 FROM generate_series(0, 49) AS id')
    const producer = await makeProducer(t, { brokers })
    const events = Array.from({ length: EVENTS }, (_, id) => ({ id, cents: (id % 7) + 1 }))
    // the two copies of an event have different keys: they are handled side by side, or by two members
    for (const copy of ['a', 'b']) {
      const copies = events.map((event) =>
        message(event)
          .key(`${copy}${event.id % 100}`)
          .header(HEADERS.messageId, String(event.id)),
      )
      await producer.send(topic, copies)
    }
    const done = new Set<string>()
    for (let kill = 1; kill <= KILLS + 1; kill += 1) {
      const child = startNode(t, HANDLES, { args: [brokers, topic, group, url] })
      const records = kill <= KILLS ? (2 * EVENTS * kill) / (KILLS + 2) : 2 * EVENTS
      let read = 0
      const hasCome = () => {
        for (; read < child.lines.length; read += 1) done.add(child.lines[read] as string)
        return done.size >= records
      }
      await waitFor(hasCome, { what: `${records} records`, timeoutMs: 120_000 })
      await child.kill('SIGKILL')
      hasCome()
    }
    const { rows } = await pool.query('SELECT count(*)::int AS effects, count(DISTINCT id)::int AS events FROM effects')
    const cents = (await pool.query('SELECT sum(cents)::int AS cents FROM accounts')).rows[0].cents
    t.diagnostic(JSON.stringify({ ...rows[0], cents, killed: KILLS }))
    assert.deepEqual(rows[0], { effects: EVENTS, events: EVENTS })
    assert.equal(
      cents,
      events.reduce((sum, event) => sum + event.cents, 0),
    )
  })
})
