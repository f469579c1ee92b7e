import { describeDeadLetters } from '../behaviours/dead-letters.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeDeadLetters(kafkaBed())
