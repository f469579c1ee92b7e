import { describeBuiltInMiddleware } from '../behaviours/built-in-middleware.ts'
import { describeMiddleware } from '../behaviours/middleware.ts'
import { embeddedBed } from '../helpers/bed.ts'

describeMiddleware(embeddedBed())
describeBuiltInMiddleware(embeddedBed())
