import { describeStreams } from '../behaviours/streams.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeStreams(kafkaBed())
