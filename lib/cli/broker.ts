import { type Command, InvalidArgumentError } from 'commander'
import type { TestTopic } from '../testing.ts'
import { wholeNumber } from './numbers.ts'
import { untilSignal } from './until-signal.ts'

interface BrokerFlags {
  nodes: number
  topic?: TestTopic[]
}

export function addBroker(program: Command): void {
  program
    .command('broker')
    .description('run the embedded broker, for development: in memory, gone when it ends')
    .option('--nodes <number>', 'brokers of the cluster', wholeNumber, 1)
    .option('-t, --topic <name[:partitions]>', 'a topic to create; may be repeated', addTopic)
    .addHelpText('after', '\nPrints the variable for services on narad; other clients leave embedded:// out.')
    .action(broker)
}

async function broker({ nodes, topic: topics = [] }: BrokerFlags): Promise<void> {
  const { TestBroker } = await import('../testing.ts')
  const running = await TestBroker.start({ brokers: nodes, topics })
  const addresses = running.brokers.split(',')
  process.stdout.write(`KAFKA_BROKERS=${addresses.map((address) => `embedded://${address}`).join(',')}\n`)
  process.stderr.write(`narad: an embedded broker runs at ${running.brokers} until SIGTERM or SIGINT\n`)
  // by itself it does not keep the process running
  const alive = setInterval(() => {}, 2 ** 30)
  await untilSignal(() => running.stop())
  clearInterval(alive)
}

function addTopic(text: string, all: TestTopic[] = []): TestTopic[] {
  const [name = '', partitions = '1', ...others] = text.split(':')
  if (others.length > 0 || !/^\d{1,5}$/.test(partitions))
    throw new InvalidArgumentError('It must be name or name:partitions.')
  return [...all, { name, partitions: Number(partitions) }]
}
