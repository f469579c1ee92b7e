import type { Command } from 'commander'
import { type ConnectionFlags, withConnection, withService } from './connection.ts'
import { type OutputFlags, printRows, withOutput } from './output.ts'

export function addCluster(program: Command): void {
  withOutput(
    withConnection(program.command('cluster').description('id, controller and brokers of the cluster')),
  ).action(cluster)
}

async function cluster(flags: ConnectionFlags & OutputFlags): Promise<void> {
  await withService(flags, async ({ admin }) => {
    const { id, controller, brokers } = await admin.cluster()
    const rows = brokers.map((broker) => ({ cluster: id, ...broker, isController: broker.id === controller }))
    printRows(flags, rows, {
      CLUSTER: ({ cluster }) => cluster ?? '',
      BROKER: (broker) => broker.id,
      ADDRESS: ({ host, port }) => `${host}:${port}`,
      RACK: ({ rack }) => rack ?? '',
      CONTROLLER: ({ isController }) => (isController ? 'yes' : ''),
    })
  })
}
