import { describeRequestReply } from '../behaviours/request-reply.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeRequestReply(kafkaBed())
