import { describeStuckHandlers } from '../behaviours/stuck-handlers.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeStuckHandlers(embeddedBed())
