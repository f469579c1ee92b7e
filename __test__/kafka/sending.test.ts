import { describeSending } from '../behaviours/sending.ts'
import { kafkaBed } from '../helpers/bed.ts'

describeSending(kafkaBed())
