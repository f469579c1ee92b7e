import { describeWorkers } from '../behaviours/workers.ts'

describeWorkers(200)
