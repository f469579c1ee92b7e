import { describeMetrics } from '../behaviours/metrics.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeMetrics(kafkaBed())
