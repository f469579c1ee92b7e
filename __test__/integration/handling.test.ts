import { describeHandling } from '../behaviours/handling.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeHandling(embeddedBed())
