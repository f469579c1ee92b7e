/**
 * `node` says what runs a client: the Node.js that runs the suite, Node 24 where the client's package asks for a newer
 * one than narad needs, or the client itself where it is a program of its own.
 *
 * @typedef {object} Client
 * @property {string} name
 * @property {string} label
 * @property {string} [module] the file in this folder, where it is not named as the client
 * @property {object} [options] for the module's `connect`
 * @property {boolean} [tuned] measured once more with settings of ours: the other entry has the defaults
 * @property {string} [package]
 * @property {'current' | 'node24' | 'native'} node
 * @property {string[]} [without] rows that the client has no form of
 * @property {string} settings what the documentation says beside the figures
 */

/** @type {Client[]} */
export const clients = [
  {
    name: 'narad',
    label: 'narad',
    package: 'narad',
    node: 'current',
    settings: 'defaults (acks=all, idempotent; ordering by key, watermark and commits on), codec `buffer` or `json`',
  },
  {
    name: 'kafkajs',
    label: 'kafkajs',
    package: 'kafkajs',
    node: 'current',
    settings: 'defaults (`acks: -1`, not idempotent, auto-commit), `eachMessage`, `eachBatch`',
  },
  {
    name: 'platformatic',
    label: '@platformatic/kafka',
    package: '@platformatic/kafka',
    node: 'node24',
    without: ['consume-batch'],
    settings:
      'defaults (not idempotent, autocommit) but `acks: ALL` (its default is the leader alone), `for await` over the stream with the handler awaited',
  },
  {
    name: 'platformatic-tuned',
    label: '@platformatic/kafka, tuned',
    module: 'platformatic',
    options: { maxBytes: 2 ** 20 },
    tuned: true,
    package: '@platformatic/kafka',
    node: 'node24',
    without: ['consume-batch', 'produce-batch', 'produce-one', 'produce-await', 'import'],
    settings:
      'the same with `maxBytes` of 1 MiB instead of 50: decoding a whole fetch of 50 MB before the first handler costs it most of its rate',
  },
  {
    name: 'crab',
    label: 'kafka-crab-js',
    package: 'kafka-crab-js',
    node: 'node24',
    settings:
      '`acks=all` and idempotent as its README shows, auto-commit, serial web stream with the default prefetch, batch web stream of 1,000 and 5 ms',
  },
  {
    name: 'librdkafka',
    label: 'librdkafka, no JS',
    node: 'native',
    without: ['consume-json', 'consume-batch'],
    settings:
      'C API from Rust, one application thread: `rd_kafka_consume_batch_queue`, auto-commit; `rd_kafka_produce`, acks=all, idempotent, `linger.ms=0`',
  },
]
