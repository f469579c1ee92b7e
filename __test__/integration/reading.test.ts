import { describeReading } from '../behaviours/reading.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeReading(embeddedBed())
