import { sep } from 'node:path'

/** What letters have in common that failed for the same reason. */
export interface Fingerprint {
  /** Eight hexadecimal digits, the same for the same three. */
  readonly id: string
  /** Name of the error. */
  readonly name: string
  /** The topmost frame of its stack that is neither Node's nor a dependency's, else where it was thrown; undefined in narad. */
  readonly frame: string | undefined
  /** What the record tells of: its event type. */
  readonly type: string | undefined
}

const OWN_FOLDER = `${__dirname}${sep}`
const FRAME = /^\s*at (?:(?:async )?(.+?) \()?(?:file:\/\/)?([^()]+?):(\d+):\d+\)?$/

export function fingerprintOf(name: string, stack: string | undefined, type: string | undefined): Fingerprint {
  const frame = stack === undefined ? undefined : topFrame(stack)
  // loaded when needed: the import of the package must stay cheap
  const { createHash } = require('node:crypto') as typeof import('node:crypto')
  const id = createHash('sha256')
    .update(JSON.stringify([name, frame, type]))
    .digest('hex')
    .slice(0, 8)
  return { id, name, frame, type }
}

/** `charge (billing/charge.js)`: without lines and folders, which differ between releases and machines. */
function topFrame(stack: string): string | undefined {
  const frames = stack.split('\n').flatMap((line) => {
    const [, caller, file, line_] = FRAME.exec(line) ?? []
    return file === undefined ? [] : [{ caller, file, line: line_ }]
  })
  const isForeign = (file: string) => file.startsWith('node:') || /[\\/]node_modules[\\/]/.test(file) || isPackage(file)
  const [first] = frames
  const thrower = first !== undefined && !isPackage(first.file) ? first : undefined
  const top = frames.find(({ file }) => !isForeign(file)) ?? thrower
  if (top === undefined) return undefined
  const file = top.file.split(/[\\/]/).slice(-2).join('/')
  // without a name the line is all that tells two functions apart
  return top.caller === undefined ? `${file}:${top.line}` : `${top.caller} (${file})`
}

/** Of this package, wherever it is installed or linked: what it throws by itself would always have the same frames. */
function isPackage(file: string): boolean {
  return file.startsWith(OWN_FOLDER) || /[\\/]node_modules[\\/]narad[\\/]/.test(file)
}
