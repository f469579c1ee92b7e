import { describeStuckHandlers } from '../behaviours/stuck-handlers.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeStuckHandlers(kafkaBed())
