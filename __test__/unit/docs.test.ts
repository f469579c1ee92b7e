// What can be said wrongly in a page without anybody noticing: links, commands, names of files, codes and variables.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { OPTIONS } from '../../lib/config/options.ts'
import { ERROR_CODES } from '../../lib/error-codes.ts'
import { DEAD_LETTER_HEADERS } from '../../lib/headers.ts'
import packageJson from '../../package.json'

const ROOT = resolve(__dirname, '..', '..')
const TOP = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md']
const PAGES = [...TOP, ...filesIn('docs').filter((file) => file.endsWith('.md'))]

describe('the pages', () => {
  test('link to files and headings that are there', () => {
    const broken = PAGES.flatMap((page) =>
      links(page)
        .filter((link) => {
          const [path = '', heading] = link.split('#')
          const target = path === '' ? page : relative(ROOT, resolve(ROOT, dirname(page), path))
          if (!existsSync(join(ROOT, target))) return true
          return heading !== undefined && !headings(target).includes(heading)
        })
        .map((link) => `${page}: ${link}`),
    )
    assert.deepEqual(broken, [])
  })

  test('name npm scripts that are there', () => {
    const scripts = Object.keys(packageJson.scripts)
    assert.deepEqual(
      mentions(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g).filter(({ name }) => !scripts.includes(name)),
      [],
    )
  })

  test('name error codes that are there', () => {
    // NARAD_TEST_KAFKA is a variable of the tests.
    const known = new Set<string>([...Object.keys(ERROR_CODES), 'NARAD_TEST_KAFKA'])
    assert.deepEqual(
      mentions(/\b(NARAD_[A-Z_]*[A-Z])\b/g).filter(({ name }) => !known.has(name)),
      [],
    )
  })

  test('name environment variables that are there', () => {
    const known = new Set(Object.values(OPTIONS).flatMap(({ env }) => env ?? []))
    assert.deepEqual(
      mentions(/\b(KAFKA_[A-Z_]*[A-Z])\b/g).filter(({ name }) => !known.has(name) && name !== 'REQUIRE_KAFKA'),
      [],
    )
  })

  test('tell of every header of a dead letter', () => {
    const named = [...read('docs/failures.md').matchAll(/`((?:__dlq\.errors|x-narad-dlq)[\w.-]+)`/g)].map(
      ([, name]) => name,
    )
    assert.deepEqual([...new Set(named)].sort(), Object.values(DEAD_LETTER_HEADERS).sort())
  })

  test('name sources that are there', () => {
    const missing = mentions(/`((?:lib|src|scripts|examples|__test__|benches)\/[\w./-]+\.\w+)`/g)
    assert.deepEqual(
      missing.filter(({ name }) => !existsSync(join(ROOT, name))),
      [],
    )
  })
})

describe('the file map in ARCHITECTURE.md', () => {
  for (const [folder, extension] of [
    ['lib', '.ts'],
    ['src', '.rs'],
  ] as const) {
    test(`names every file of ${folder}/, and no other`, () => {
      const section = read('ARCHITECTURE.md').split(`\n### ${folder}/\n`)[1]?.split('\n### ')[0] ?? ''
      const rows = section.split('\n').filter((line) => line.startsWith('| `'))
      const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name))
      const there = filesIn(folder).filter((file) => file.endsWith(extension))
      assert.deepEqual(
        named.map((name) => `${folder}/${name}`).sort(),
        there.sort(),
        'name new files in the table, and take out those that are gone',
      )
    })
  }
})

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? filesIn(path) : [path]
  })
}

/** Relative links of a page, code aside. */
function links(page: string): string[] {
  const text = read(page)
    .replace(/```[\s\S]*?```/g, '')
    .replace(/`[^`\n]*`/g, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link ?? '').filter((link) => !/^[a-z]+:/.test(link))
}

/** Anchors as GitHub makes them. */
function headings(page: string): string[] {
  const titles = read(page)
    .replace(/```[\s\S]*?```/g, '')
    .matchAll(/^#+ (.+)$/gm)
  return [...titles].map(([, title]) =>
    (title ?? '')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

function mentions(pattern: RegExp): Array<{ page: string; name: string }> {
  return PAGES.flatMap((page) => [...read(page).matchAll(pattern)].map(([, name]) => ({ page, name: name ?? '' })))
}
