import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { OPTIONS, type OptionName } from '../../lib/config/options.ts'
import { resolveConfig } from '../../lib/config/resolve.ts'

// The same default stood in a comment, a table and the code, and they drifted apart: all are held together here.

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TYPES = readFileSync(join(ROOT, 'lib/config/types.ts'), 'utf8')

/** The doc comments of an interface's fields, by name. */
function comments(name: string): Map<string, string> {
  const body = new RegExp(`interface ${name} \\{([\\s\\S]*?)\\n\\}`).exec(TYPES)?.[1] ?? ''
  const fields = body.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+(\w+)\?:/g)
  return new Map([...fields].map(([, comment = '', field = '']) => [field, comment]))
}

const documented = new Map<string, string>([
  ...comments('KafkaConfig'),
  ...[...comments('SslConfig')].map(([name, text]) => [`ssl.${name}`, text] as const),
  ...[...comments('SaslConfig')].map(([name, text]) => [`sasl.${name}`, text] as const),
])
const entries = Object.entries(OPTIONS) as Array<[OptionName, (typeof OPTIONS)[OptionName]]>

test('every option is documented where editors show it, and the reverse', () => {
  assert.deepEqual([...documented.keys()].sort(), Object.keys(OPTIONS).sort())
})

test('the documented default, variables and properties are those of the table', () => {
  for (const [name, spec] of entries) {
    const text = documented.get(name) ?? ''
    const stated = /@defaultValue `([^`]*)`/.exec(text)?.[1]
    assert.equal(stated, spec.default === undefined ? undefined : String(spec.default), `default of ${name}`)
    assert.deepEqual(
      [...new Set(text.match(/KAFKA_[A-Z_]+[A-Z]/g) ?? [])].filter((word) => spec.env?.includes(word)),
      [...(spec.env ?? [])],
    )
    for (const property of spec.librdkafka?.slice(0, 1) ?? [])
      assert.ok(text.includes(property), `${name}: ${property}`)
  }
})

test('without input and environment the configuration is the table’s defaults', () => {
  const config = resolveConfig(undefined, {}) as unknown as Record<string, unknown>
  for (const [name, spec] of entries) {
    if (name.includes('.') || spec.default === undefined || ['brokers', 'codec'].includes(name)) continue
    assert.equal(config[name], spec.default, name)
  }
})

test('every default is a value that the option itself takes', () => {
  for (const [name, spec] of entries) {
    if (spec.default === undefined || name.includes('.')) continue
    assert.doesNotThrow(() => resolveConfig({ [name]: spec.default }, {}), name)
  }
})

test('a unit stands in the name of every duration and size', () => {
  for (const [name, { unit }] of entries) {
    if (unit === 'ms') assert.match(name, /Ms$/)
    if (unit === 'bytes') assert.match(name, /Bytes$/)
    if (/Ms$/.test(name)) assert.equal(unit, 'ms', name)
    if (/Bytes$/.test(name)) assert.equal(unit, 'bytes', name)
  }
})

test('docs/configuration.md is what the tables say', async () => {
  const script = join(ROOT, 'scripts', 'generate-configuration-doc.mjs')
  await promisify(execFile)(process.execPath, ['--import', 'tsx', script, '--check'], { cwd: ROOT })
})
