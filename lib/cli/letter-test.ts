import { isUtf8 } from 'node:buffer'
import { extname, resolve } from 'node:path'
import { escapeControls } from '../escape.ts'
import type { DeadLetter } from '../index.ts'

/**
 * A test for Jest that hands the record of a letter to its handler on a TestBroker: it fails with the error of the letter
 * until the handler is mended.
 *
 * @param file A handlers file, as for `consume --handlers`. Default: a module that the reader has to name.
 */
export function letterTest(letter: DeadLetter, file?: string): string {
  const { source, group, error, attempts, lastFailure } = letter
  const topic = text(source.topic)
  // of a sender's choice: an end of a line within would end the comment, and what follows would run
  const story = [
    `The dead letter ${letter.topic} [${letter.partition}] @ ${letter.offset}: group ${group} could not handle ${source.topic} ` +
      `[${source.partition}] @ ${source.offset}, ${attempts} attempts until ${new Date(lastFailure).toISOString()}.`,
    ...(error.stack ?? `${error.name}: ${error.message}`).split('\n'),
  ]
  return `${story.map((line) => `// ${escapeControls(line.trimEnd())}`).join('\n')}
const { createKafkaService } = require('narad')
const { TestBroker } = require('narad/testing')

${loader(topic, file)}

const record = {
  partition: 0,
  key: ${bytes(letter.key)},
  value: ${bytes(letter.value)},
  headers: [${letter.headers.map(([name, value]) => `[${text(name)}, ${bytes(value)}]`).join(', ')}],${
    source.timestamp > 0 ? `\n  timestamp: ${source.timestamp},` : ''
  }
}

let broker
let service
beforeAll(async () => {
  broker = await TestBroker.start({ topics: [${topic}] })
  service = createKafkaService({ brokers: broker.brokers }).init()
  await service.connectProducer()
  await service.connectConsumer(${text(group)})
})
afterAll(async () => {
  await service.disconnect()
  await broker.stop()
})

test(${text(`${group} handles ${source.topic} [${source.partition}] @ ${source.offset}, which failed with ${error.name}`)}, async () => {
  const handler = await handlerOf()
  let calls = 0
  const outcome = new Promise((resolve, reject) => {
    // for what the handler throws, or returns as a verdict, and for a value that cannot be decoded
    service.on('deadLetter', ({ error }) => reject(error))
    // the record comes twice: the first is done when the second has its turn
    const told = (message, context) => (calls++ === 0 ? handler(message, context) : resolve())
    const options = { fromBeginning: true, ordering: 'partition', retry: false }
    service.subscribe(${topic}, told, options).catch(reject)
  })
  await service.sendRecords(${topic}, [record, record])
  await outcome
})
`
}

function loader(topic: string, file: string | undefined): string {
  if (file === undefined) {
    return `// the function that subscribe(${topic}, …) is given: name its module here
const handlerOf = async () => require('./handlers.cjs')[${topic}]`
  }
  const path = text(resolve(file))
  const module = extname(file) === '.mjs' ? `await import(${path})` : `require(${path})`
  return `const handlerOf = async () => {
  const module = ${module}
  return (module.handlers ?? module.HANDLERS ?? module.default ?? module)[${topic}]
}`
}

/** A JavaScript string, in which nothing ends a line or a comment. */
function text(value: string): string {
  return escapeControls(JSON.stringify(value))
}

function bytes(value: Buffer | null): string {
  if (value === null) return 'null'
  return isUtf8(value) ? text(value.toString()) : `Buffer.from('${value.toString('base64')}', 'base64')`
}
