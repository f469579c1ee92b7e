import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HandlerRegistry, type TypePattern } from '../../lib/events/handler-registry.ts'

function registryOf(...patterns: TypePattern[]): HandlerRegistry<TypePattern> {
  const registry = new HandlerRegistry<TypePattern>()
  for (const pattern of patterns) registry.add(pattern, pattern)
  return registry
}

describe('HandlerRegistry', () => {
  test('finds the handlers of a type by name, pattern and RegExp, in the order in which they were added', () => {
    const expression = /created$/
    const registry = registryOf('order.*', 'order.created', '*', 'user.created', expression)
    assert.deepEqual(registry.find('order.created'), ['order.*', 'order.created', '*', expression])
    assert.deepEqual(registry.find('order.item.added'), ['order.*', '*'])
    assert.deepEqual(registry.find('user.created'), ['*', 'user.created', expression])
  })

  test('a "*" stands for any text, none and dots included, and every other character for itself', () => {
    const fits = (pattern: string, type: string) => registryOf(pattern).find(type).length === 1
    const yes: Array<[pattern: string, type: string]> = [
      ['order.*', 'order.'],
      ['*.created', 'shop.order.created'],
      ['*', ''],
      ['a*a', 'aa'],
      ['a*b*c', 'a-b-b-c'],
      ['**', 'x'],
      ['order.*.v*', 'order.created.v2'],
    ]
    const no: Array<[pattern: string, type: string]> = [
      ['order.*', 'order'],
      ['order.*', 'orderXcreated'],
      ['a*a', 'a'],
      ['a*b*c', 'a-c-b'],
      ['ab*bc', 'abc'],
      ['*.created', 'order.created.v2'],
      ['order.created', 'order.created2'],
    ]
    for (const [pattern, type] of yes) assert.ok(fits(pattern, type), `${pattern} fits ${type}`)
    for (const [pattern, type] of no) assert.ok(!fits(pattern, type), `${pattern} does not fit ${type}`)
  })

  // A RegExp made of the pattern would try the ways to split a long type, of which there are more than atoms.
  test('matches a long type with a pattern of many parts at once', () => {
    const registry = registryOf(`${'a*'.repeat(30)}b`)
    const start = performance.now()
    assert.deepEqual(registry.find('a'.repeat(100_000)), [])
    assert.ok(performance.now() - start < 1_000)
  })

  test('what was added or taken away later holds from then on', () => {
    const registry = registryOf('a')
    assert.deepEqual(registry.find('b'), [])
    const remove = registry.add('b', 'later')
    registry.add('*', 'all')
    assert.deepEqual(registry.find('b'), ['later', 'all'])
    remove()
    remove()
    assert.deepEqual(registry.find('b'), ['all'])
    assert.deepEqual(registry.find('a'), ['a', 'all'])
  })

  // One with the flag g goes on where its last match ended, and found every second event.
  test('a RegExp with a memory finds every event', () => {
    const registry = registryOf(/created/g)
    for (const type of ['a.created', 'b.created', 'c.created']) assert.equal(registry.find(type).length, 1)
  })

  test('remembers no type that nobody handles, and bounds how many it does remember', () => {
    const registry = registryOf('order.*')
    for (let index = 0; index < 50_000; index += 1) {
      assert.equal(registry.find(`order.${index}`).length, 1)
      assert.equal(registry.find(`other.${index}`).length, 0)
    }
    // what is remembered is handed out again as it is
    assert.equal(registry.find('order.49999'), registry.find('order.49999'))
  })

  test('what is no type and no pattern is refused', () => {
    for (const wrong of ['', 5, null, undefined, {}]) {
      assert.throws(() => new HandlerRegistry().add(wrong as string, () => {}), {
        name: 'ArgumentError',
        message: /must be a name such as "order\.created"/,
      })
    }
  })
})
