import { describeMiddleware } from '../behaviours/middleware.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeMiddleware(embeddedBed())
