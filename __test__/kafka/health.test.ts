import { describeHealth } from '../behaviours/health.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeHealth(kafkaBed())
