import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { retry } from 'narad'
import { HANDLED, handledOnce, openPool } from '../../examples/postgres-once.mjs'
import { kafkaBed } from '../helpers/bed.ts'
import { randomGroup } from '../helpers/names.ts'
import { postgresSkip, startPostgres } from '../helpers/postgres.ts'
import { makeProducer } from '../helpers/service.ts'
import { waitFor } from '../helpers/wait.ts'

const bed = kafkaBed()

describe('A handler whose store is in its transaction', { skip: bed.skip || postgresSkip() }, () => {
  test('rolls back what a failed attempt wrote, by an error, a verdict or a query that failed', async (t) => {
    const [brokers, topic, url] = [await bed.brokers(), await bed.topic(), await startPostgres(t)]
    const pool = openPool(url)
    t.after(() => pool.end())
    await pool.query(HANDLED)
    await pool.query('CREATE TABLE effects (id text NOT NULL)')
    const service = await makeProducer(t, { brokers })
    await service.connectConsumer(randomGroup())
    const { query, use } = handledOnce(pool)
    const attempts: string[] = []
    await service.subscribe<string>(
      topic,
      async (how, { attempt }) => {
        attempts.push(`${how} ${attempt}`)
        await query('INSERT INTO effects (id) VALUES ($1)', [how])
        if (attempt > 1) return undefined
        if (how === 'throws') throw new Error('half-way')
        if (how === 'verdict') return retry({ afterMs: 1 })
        if (how === 'query') await query('SELECT nothing').catch(() => {})
        return undefined
      },
      { use, retry: { initialDelayMs: 1 }, fromBeginning: true },
    )
    const ways = ['throws', 'verdict', 'query', 'well']
    await service.send(topic, ways, { key: (how) => how })
    await waitFor(() => attempts.length === 7, { what: 'all attempts' })
    const all = async () =>
      (await pool.query('SELECT id FROM effects ORDER BY id')).rows.map((row: { id: string }) => row.id)
    await waitFor(async () => (await all()).length >= 4, { what: 'the effects' })
    await service.disconnect()
    assert.deepEqual(await all(), [...ways].sort())
    assert.throws(() => query('SELECT 1'), /for a handler/)
  })
})
