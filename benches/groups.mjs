// Twenty consumer groups in one process, each reading the same topic from its beginning.
import { main } from './harness/main.mjs'

process.exitCode = await main(['--rows', 'groups', ...process.argv.slice(2)])
