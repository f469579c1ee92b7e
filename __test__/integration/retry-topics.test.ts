import { describeRetryTopics } from '../behaviours/retry-topics.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeRetryTopics(embeddedBed())
