import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TopicError } from '../../lib/errors.ts'
import { checkTopicName, topicNameProblem } from '../../lib/topics.ts'

test('names that Kafka takes pass', () => {
  for (const topic of ['a', 'user-events', 'user.events_2', '...', 'A'.repeat(249), '__consumer_offsets']) {
    assert.equal(topicNameProblem(topic), undefined, topic)
  }
})

test('names that Kafka refuses are a typed error that says what is wrong', () => {
  // The embedded broker takes every name, so a bad one would be noticed only in production.
  const cases: Array<[unknown, RegExp]> = [
    ['', /must not be empty/],
    ['.', /must not be "\."/],
    ['..', /must not be "\.\."/],
    ['A'.repeat(250), /250 characters/],
    ['user events', /may hold only ASCII/],
    ['ключ', /may hold only ASCII/],
    ['a\r\nb', /"a\\r\\nb"/],
    [null, /not null/],
    [undefined, /not undefined/],
    [['a'], /not object\.$/],
    // who comes from KafkaJS was told that a topic is no object, and nothing else
    [{ topic: 'a', messages: [] }, /not object: .*sendRecords\(topic, messages\), and send\(topic, value\)/],
    [{ topics: ['a'], fromBeginning: true }, /not object: .*subscribe\(topic, handler, \{ fromBeginning \}\)/],
  ]
  for (const [topic, message] of cases) {
    assert.throws(
      () => checkTopicName(topic),
      (error) => {
        assert.ok(error instanceof TopicError)
        assert.equal(error.code, 'NARAD_INVALID_TOPIC')
        assert.match(error.message, message)
        return true
      },
    )
  }
})
