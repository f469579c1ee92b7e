// npm run bench: narad beside its peers on real Kafka. How it is measured: docs/benchmarks.md
import { main } from './harness/main.mjs'

process.exitCode = await main(process.argv.slice(2))
