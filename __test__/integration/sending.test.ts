import { describeSending } from '../behaviours/sending.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeSending(embeddedBed())
