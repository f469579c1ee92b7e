import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RecordHandler } from '../index.ts'
import { UsageError } from './exit.ts'

/** A handlers file: each topic and the function that its records go to. */
export type Handlers = ReadonlyMap<string, RecordHandler>

/**
 * Loads `export default { 'user.created': (message, context) => … }`, or an export named `handlers` or `HANDLERS`, of an
 * ES module or of CommonJS.
 *
 * @throws {@link UsageError} that says what is wrong with the file.
 */
export async function loadHandlers(file: string): Promise<Handlers> {
  const path = resolve(file)
  if (!existsSync(path)) throw new UsageError(`there is no handlers file ${path}`)
  let module: Record<string, unknown>
  try {
    module = (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (error) {
    throw new UsageError(`the handlers of ${file} could not be loaded: ${reason(error)}`, { cause: error })
  }
  const exported = [module['handlers'], module['HANDLERS'], inner(module['default'])].find(isTable)
  if (exported === undefined) {
    throw new UsageError(`${file} must export an object of topics and functions, as default or as "handlers"`)
  }
  const handlers = new Map<string, RecordHandler>()
  for (const [topic, handler] of Object.entries(exported)) {
    if (typeof handler !== 'function') throw new UsageError(`the handler of "${topic}" in ${file} is no function`)
    handlers.set(topic, handler as RecordHandler)
  }
  if (handlers.size === 0) throw new UsageError(`${file} has no handlers`)
  return handlers
}

/** What the file failed with, and in which line of the user's: of the rest of a stack nothing helps. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const places = [...(error.stack ?? '').matchAll(/(?<!\w)(?:file:\/\/)?\/[^\s()]+:\d+(?::\d+)?(?=\)?$)/gm)].map(String)
  const place = places.find((one) => !one.includes(__dirname))
  return `${error.name}: ${error.message}${place === undefined ? '' : ` (${place})`}`
}

/** CommonJS: what a file assigns to `module.exports` is its default, and `exports.handlers` is in there. */
function inner(exported: unknown): unknown {
  if (!isTable(exported)) return undefined
  return [exported['handlers'], exported['HANDLERS']].find(isTable) ?? exported
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
