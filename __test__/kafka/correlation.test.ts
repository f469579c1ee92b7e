import { describeCorrelation } from '../behaviours/correlation.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeCorrelation(kafkaBed())
