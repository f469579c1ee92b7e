// @ts-check
// What the demo prints: a line for each thing that happens, and a table at the end.
import * as util from 'node:util'

/** @typedef {Parameters<typeof util.styleText>[0]} Style */

/** The styles of the services, by name. */
/** @type {Readonly<Record<string, Style>>} */
const STYLES = {
  shop: 'cyan',
  payments: 'yellow',
  'warehouse-1': 'green',
  'warehouse-2': 'blue',
  statistics: 'magenta',
}

const start = performance.now()
const names = Math.max(...Object.keys(STYLES).map((name) => name.length))

/**
 * Colours on a terminal that has them; NO_COLOR is heeded. Node.js 20.12 brought styleText.
 * @param {Style} style
 * @param {string} text
 */
function paint(style, text) {
  const hasColors = process.stdout.isTTY && process.stdout.hasColors() && typeof util.styleText === 'function'
  return hasColors ? util.styleText(style, text) : text
}

/**
 * Says what a service does, with the seconds since the start.
 * @param {string} service
 * @param {string} text
 */
export function say(service, text) {
  const seconds = ((performance.now() - start) / 1000).toFixed(2).padStart(6)
  console.log(`${paint('dim', `${seconds} s`)}  ${paint(STYLES[service] ?? 'bold', service.padEnd(names))}  ${text}`)
}

/** @param {string} text */
export function title(text) {
  console.log(`\n${paint('bold', text)}`)
}

/**
 * Prints rows under a header; the first column is text, the others are numbers as long as they look like some.
 * @param {readonly string[]} header
 * @param {ReadonlyArray<{ cells: readonly string[], ok: boolean }>} rows
 */
export function table(header, rows) {
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map(({ cells }) => (cells[column] ?? '').length)),
  )
  const line = (/** @type {readonly string[]} */ cells) =>
    cells
      .map((cell, column) => {
        const isNumber = rows.every((row) => /^\d+$/.test(row.cells[column] ?? ''))
        return isNumber ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
      })
      .join('   ')
      .trimEnd()
  console.log(paint('dim', line([...header, ''])))
  for (const { cells, ok } of rows) console.log(line([...cells, paint(ok ? 'green' : 'red', ok ? 'ok' : 'DIFFERS')]))
}
