import { describeWorkers } from '../behaviours/workers.ts'

describeWorkers(20)
