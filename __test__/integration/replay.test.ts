import { describeReplay } from '../behaviours/replay.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeReplay(embeddedBed())
