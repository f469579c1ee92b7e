import { describeLifecycle } from '../behaviours/lifecycle.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeLifecycle(kafkaBed())
