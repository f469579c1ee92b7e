import type { AdminClient } from './client.ts'
import { Groups } from './groups.ts'
import { type AdminCallOptions, callOptions } from './options.ts'
import { Topics } from './topics.ts'
import type { ClusterDescription } from './types.ts'

/**
 * Administration of a cluster, `kafkaService.admin`. It connects by itself when it is first used, and is closed with the
 * service; neither a producer nor a consumer is needed.
 */
export class Admin {
  readonly topics: Topics
  readonly groups: Groups
  readonly #client: () => Promise<AdminClient>

  /** @internal Use `kafkaService.admin`. */
  constructor(client: () => Promise<AdminClient>) {
    this.#client = client
    this.topics = new Topics(client)
    this.groups = new Groups(client)
  }

  /** Id, controller and brokers. */
  async cluster(options?: AdminCallOptions): Promise<ClusterDescription> {
    const { leftMs } = callOptions(options, [], 'admin.cluster')
    const client = await this.#client()
    const { id, controller, brokers } = await client.ask((native) => native.describeCluster(leftMs()))
    return {
      id: id ?? null,
      controller: controller ?? null,
      brokers: brokers.map(({ rack, ...broker }) => ({ ...broker, ...(rack != null && { rack }) })),
    }
  }
}
