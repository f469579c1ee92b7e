import { describeCorrelation } from '../behaviours/correlation.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeCorrelation(embeddedBed())
