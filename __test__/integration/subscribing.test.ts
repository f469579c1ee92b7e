import { describeSubscribing } from '../behaviours/subscribing.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeSubscribing(embeddedBed())
