import { describeEventBus } from '../behaviours/event-bus.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeEventBus(embeddedBed())
