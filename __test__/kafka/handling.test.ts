import { describeHandling } from '../behaviours/handling.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeHandling(kafkaBed())
