import { describeDeadLetters } from '../behaviours/dead-letters.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeDeadLetters(embeddedBed())
