// @ts-check
import { createServer } from 'node:net'

// Below the range that systems hand out to outgoing connections (Linux from 32768, macOS from 49152): a client that
// keeps connecting to a dead broker's port inside that range can be given the same port as its own, connect to
// itself, and keep the broker from coming back.
const FIRST = 20_000
const LAST = 31_999

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function isPortFree(port) {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error) => {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error)
      if (code === 'EADDRINUSE') resolve(false)
      else reject(new Error(`cannot listen on port ${port}: ${error.message}`))
    })
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)))
  })
}

/**
 * `count` different ports on which nothing listens now.
 * @param {number} count
 * @returns {Promise<number[]>}
 */
export async function freePorts(count) {
  /** @type {Set<number>} */
  const ports = new Set()
  for (let tries = 0; ports.size < count; tries += 1) {
    if (tries > 1000) throw new Error(`found fewer than ${count} free ports between ${FIRST} and ${LAST}`)
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    if (!ports.has(port) && (await isPortFree(port))) ports.add(port)
  }
  return [...ports]
}
