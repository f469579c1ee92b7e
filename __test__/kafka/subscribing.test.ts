import { describeSubscribing } from '../behaviours/subscribing.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeSubscribing(kafkaBed())
