import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withFastGroups } from '../../lib/broker/fast-groups.ts'

const CLASSIC = { 'session.timeout.ms': '45000', 'partition.assignment.strategy': 'cooperative-sticky' }

// What it does for an embedded cluster is tested with one, in __test__/integration/testing-broker.test.ts.
test('leaves the properties of a consumer of another cluster as they are', () => {
  const properties = { 'bootstrap.servers': 'localhost:9092,localhost:9093', ...CLASSIC }
  assert.deepEqual(withFastGroups(properties), properties)
})

test('leaves properties without an address as they are', () => {
  assert.deepEqual(withFastGroups(CLASSIC), CLASSIC)
})
