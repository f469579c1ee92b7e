import { describeDeadLetterDesk } from '../behaviours/dead-letter-desk.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeDeadLetterDesk(embeddedBed())
