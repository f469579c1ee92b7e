import { describeSystemLogs } from '../behaviours/system-logs.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeSystemLogs(kafkaBed())
