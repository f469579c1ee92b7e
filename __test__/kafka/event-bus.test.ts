import { describeEventBus } from '../behaviours/event-bus.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeEventBus(kafkaBed())
