import { createServer, type IncomingMessage, type Server } from 'node:http'
import { BlockList } from 'node:net'
import type { KafkaService } from '../index.ts'
import { UsageError } from './exit.ts'
import { MetricsPage } from './metrics-page.ts'

/** Of `narad run`. */
export const HEALTH_PORT = 8080

/** Where a service answers; undefined: nowhere. */
export interface PortFlags {
  healthPort: number
  metricsPort?: number
}

type Answer = { readonly status: number; readonly type: string; readonly body: string; readonly isKept?: false }
type Route = (method: string, path: string, isLocal: boolean) => Promise<Answer | undefined> | Answer | undefined

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')
const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]']

/**
 * Answers probes and scrapes, on one port or two, until the server is closed. 0 is no port.
 *
 * @returns Closes them.
 * @throws {@link UsageError} for a port that is taken.
 */
export async function openPorts(service: KafkaService, { healthPort, metricsPort }: PortFlags): Promise<() => void> {
  const routes = new Map<number, Route[]>()
  const add = (port: number, route: Route) => {
    if (port > 0) routes.set(port, [...(routes.get(port) ?? []), route])
  }
  add(healthPort, await healthRoute(service))
  add(metricsPort ?? healthPort, await metricsRoute(service))
  const servers: Server[] = []
  const close = () => {
    for (const server of servers) server.close().closeAllConnections()
  }
  try {
    for (const [port, all] of routes) servers.push(await listen(port, all))
  } catch (error) {
    close()
    throw error
  }
  return close
}

async function healthRoute(service: KafkaService): Promise<Route> {
  const { kafkaHealth } = await import('../express.ts')
  const forAll = kafkaHealth({ service })
  const forLocal = kafkaHealth({ service, details: true })
  return (method, path, isLocal) => {
    let status = 200
    let answer: Answer | undefined
    const response = {
      status(code: number) {
        status = code
        return response
      },
      setHeader() {},
      json(body: unknown) {
        answer = { status, type: 'application/json', body: JSON.stringify(body) }
      },
    }
    const middleware = isLocal ? forLocal : forAll
    middleware({ method, path }, response, () => {})
    return answer
  }
}

async function metricsRoute(service: KafkaService): Promise<Route> {
  const { collectKafkaMetrics } = await import('../prometheus.ts')
  const page = new MetricsPage()
  collectKafkaMetrics({ register: page, service })
  return async (_, path) =>
    path === '/metrics' ? { status: 200, type: MetricsPage.type, body: await page.text() } : undefined
}

/**
 * Whether it was asked from this machine, by a name of it: a page in a browser that had its own name lead here, or a proxy
 * that tells for whom it asks, is not.
 */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const { remoteAddress = '', remoteFamily = 'IPv4' } = socket
  const name = headers.host?.replace(/:\d+$/, '')
  if (name === undefined || !LOCAL_NAMES.includes(name)) return false
  if (headers['forwarded'] !== undefined || headers['x-forwarded-for'] !== undefined) return false
  return LOOPBACK.check(remoteAddress, remoteFamily === 'IPv6' ? 'ipv6' : 'ipv4')
}

async function listen(port: number, routes: readonly Route[]): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { method = 'GET', url = '/' } = request
    const path = url.split('?')[0] ?? url
    let answer: Answer = { status: 404, type: 'text/plain', body: 'not found\n' }
    for (const route of routes) answer = (await route(method, path, isLocal(request))) ?? answer
    // how a service was is nothing to keep
    const headers = { 'content-type': answer.type, 'cache-control': 'no-store' }
    response.writeHead(answer.status, headers).end(method === 'HEAD' ? '' : answer.body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${error.message})`
      reject(new UsageError(`port ${port} ${why}: name another with --health-port and --metrics-port, or 0 for none`))
    })
    server.listen(port, resolve)
  })
  return server
}
