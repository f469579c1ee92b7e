// What the pages say of the command `narad`: commands and options that are not there, and options that no page tells of.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'

const ROOT = resolve(__dirname, '..', '..')
const PAGES = ['README.md', 'SECURITY.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter(
  (page) => page.endsWith('.md'),
)
/** Those with commands below them. */
const FAMILIES = ['topics', 'groups', 'dlq']

describe('the pages on the command narad', () => {
  const helps = new Map<string, string>()
  const helpOf = (words: readonly string[]) => {
    const name = words.join(' ')
    const known = helps.get(name)
    if (known !== undefined) return known
    const { stdout } = spawnSync(process.execPath, [join(ROOT, 'dist', 'cli.cjs'), ...words, '--help'], {
      encoding: 'utf8',
    })
    helps.set(name, stdout)
    return stdout
  }

  test('name commands and options that are there', () => {
    const wrong = PAGES.flatMap((page) =>
      commandsOf(readFileSync(join(ROOT, page), 'utf8')).flatMap((line) => {
        const words = wordsOf(line)
        const help = helpOf(words)
        if (!help.startsWith(`Usage: narad ${words.join(' ')}`)) return [`${page}: ${line}`]
        return optionsIn(line)
          .filter((option) => !optionsIn(help).includes(option))
          .map((option) => `${page}: ${option} of ${line}`)
      }),
    )
    assert.deepEqual(wrong, [])
    assert.ok(helps.size > 15, `${[...helps.keys()]}`)
  })

  test('tell of every option', () => {
    const page = readFileSync(join(ROOT, 'docs', 'command-line.md'), 'utf8')
    const told = optionsIn(page)
    const commands = [...helpOf([]).matchAll(/^ {2}([a-z]+)/gm)].flatMap(([, name = '']) =>
      FAMILIES.includes(name)
        ? [...helpOf([name]).matchAll(/^ {2}([a-z-]+) /gm)].map(([, one]) => [name, one])
        : [[name]],
    )
    const untold = commands
      .filter(([name, one]) => name !== 'help' && one !== 'help')
      .flatMap((words) => namesIn(helpOf(words as string[])).map((names) => ({ words, names })))
      .filter(({ names }) => !names.some((name) => told.includes(name)))
      .map(({ words, names }) => [...words, ...names].join(' '))
    assert.deepEqual(untold, [])
  })
})

/** The commands in blocks for a shell, and in the text; what is piped into another is one of its own. */
function commandsOf(page: string): string[] {
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text.replaceAll('\\\n', ' '))
  const inline = [...page.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`(narad [a-z][^`]*)`/g)].map(
    ([, text]) => text,
  )
  return [...blocks, ...inline]
    .flatMap((text = '') => text.split('\n'))
    .map((line) => line.replace(/\s#.*/, ''))
    .flatMap((line) => line.split(/[|(]\s*(?=narad )/))
    .map((line) => line.trim())
    .filter((line) => /^narad [a-z]/.test(line))
}

function wordsOf(line: string): string[] {
  const [, name = '', one = ''] = line.split(/\s+/)
  return FAMILIES.includes(name) && /^[a-z][a-z-]*$/.test(one) ? [name, one] : [name]
}

/** Words in quotes are values. */
function optionsIn(text: string): string[] {
  const bare = text.replaceAll(/'[^'\n]*'|"[^"\n]*"/g, '')
  return [...bare.matchAll(/(?<=^|[\s`(/,])(--[a-z][a-z-]*|-[a-zA-Z])(?![\w-])/gm)].map(([, option = '']) => option)
}

/** Each option of a command by its short and its long name. */
function namesIn(help: string): string[][] {
  return [...help.matchAll(/^ {2}(-\w)?(?:, )?(--[a-z-]+)?/gm)]
    .map(([, ...names]) => names.filter((name) => name !== undefined))
    .filter((names) => names.length > 0 && !names.includes('--help'))
}
