// What examples/18-idempotent-handler.mjs is about: a store of `dedupe` in the transaction of the handler, so that what
// a handler writes and the note that its record was handled are there both, or neither.
import { AsyncLocalStorage } from 'node:async_hooks'
import { dedupe } from 'narad'
import pg from 'pg'

/** The ids of what was handled. Rows may be deleted once their records cannot come again. */
export const HANDLED = `
  CREATE TABLE IF NOT EXISTS handled (id text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`

/**
 * @param {string | undefined} url Default: the variables of libpq, such as PGHOST.
 * @returns {any} As many connections as handlers run side by side by default.
 */
export function openPool(url) {
  const pool = new pg.Pool({ connectionString: url, max: 16 })
  // an idle connection that breaks is replaced; without a listener the error would end the process
  pool.on('error', () => {})
  return pool
}

/**
 * @param {any} pool
 * @returns `use` is for the option of `subscribe`; `query` is what its handler has to write with.
 */
export function handledOnce(pool) {
  const transactions = new AsyncLocalStorage()
  const current = () => {
    const transaction = transactions.getStore()
    if (transaction === undefined) throw new Error('query() is for a handler with "use" of handledOnce()')
    return transaction
  }

  /**
   * @param {string} text
   * @param {unknown[]} [values]
   */
  const query = (text, values) => current().client.query(text, values)

  const transaction = {
    name: 'transaction',
    /** @param {unknown} _context @param {() => Promise<unknown>} next */
    async consume(_context, next) {
      const client = await pool.connect()
      const state = { client, isRefused: false }
      let broken
      try {
        await client.query('BEGIN')
        const result = await transactions.run(state, () => next())
        if (state.isRefused) await client.query('ROLLBACK')
        else {
          // after a query that failed, and whose error was caught, PostgreSQL answers a COMMIT with a rollback
          const { command } = await client.query('COMMIT')
          if (command !== 'COMMIT') throw new Error('the transaction was rolled back')
        }
        return result
      } catch (error) {
        await client.query('ROLLBACK').catch((cause) => {
          broken = cause
        })
        throw error
      } finally {
        client.release(broken)
      }
    },
  }

  const store = {
    /** Who claims the same id at the same time waits in the INSERT, until the other has committed or rolled back. */
    async claim(/** @type {string} */ id) {
      const { rowCount } = await query('INSERT INTO handled (id) VALUES ($1) ON CONFLICT DO NOTHING', [id])
      return rowCount === 1 ? /** @type {const} */ ('claimed') : /** @type {const} */ ('done')
    },
    /** The claim becomes lasting with the COMMIT. */
    complete() {},
    /** The handler failed, by an error or by what it returned. */
    release() {
      current().isRefused = true
    },
  }

  return { query, use: [transaction, dedupe({ store })] }
}
