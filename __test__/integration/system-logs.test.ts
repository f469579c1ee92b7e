import { describeSystemLogs } from '../behaviours/system-logs.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeSystemLogs(embeddedBed())
