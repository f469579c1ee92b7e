// @ts-check
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const MAX_BYTES = 64 * 1024

/**
 * The last lines of a text file; an empty string if there is no such file.
 * @param {string} path
 * @param {number} lines
 */
export function fileTail(path, lines) {
  let file
  try {
    file = openSync(path, 'r')
  } catch {
    return ''
  }
  try {
    const { size } = fstatSync(file)
    const bytes = Buffer.alloc(Math.min(size, MAX_BYTES))
    const read = readSync(file, bytes, 0, bytes.length, size - bytes.length)
    return bytes.toString('utf8', 0, read).trimEnd().split('\n').slice(-lines).join('\n')
  } finally {
    closeSync(file)
  }
}
